// `fleet member promote`: a learner becomes a voter, as soon as it has caught up.
import { Args, Flags } from "@oclif/core";
import {
  type EtcdMemberReport,
  MemberCommand,
  type MemberReport,
  memberFlags,
} from "../../ui/cli/member-command.ts";
import { aliasFlag, objectOf } from "../../ui/cli/object-argument.ts";

export default class MemberPromote extends MemberCommand {
  static override summary = "Make a learner a voter";
  static override description =
    "It votes once it has caught up with the leader; until then it stays a learner.";
  static override examples = ["<%= config.bin %> member promote n4 --wait"];
  static override args = { node: Args.string({ description: "The learner" }) };
  static override flags = {
    ...memberFlags,
    name: aliasFlag(),
    wait: Flags.boolean({ summary: "Wait until it votes" }),
  };

  async run(): Promise<MemberReport | EtcdMemberReport> {
    const { args, flags } = await this.parse(MemberPromote);
    const name = objectOf(args.node, flags.name, "NODE");
    const words = {
      done: `${name} will become a voter`,
      already: `${name} was promoted already`,
      would: `would make ${name} a voter`,
    };
    const onEtcd = await this.changeOnEtcd(flags, { kind: "promote", name }, words);
    if (onEtcd !== null) return onEtcd;
    const client = await this.changer(flags);
    const change = { $case: "promote", value: { name } } as const;
    const done = await client.changeMembership({ ...this.order(flags), change });
    if (flags.wait && !flags["dry-run"]) {
      const { waitForMember } = await import("../../client/member/wait-member.ts");
      await waitForMember(client, name, flags.timeout, (step) => this.note(`  ${step}`));
    }
    return await this.report(flags, done, words);
  }
}
