// `fleet member remove`: removes a node, if the others keep a quorum without it.
import { Args, Flags } from "@oclif/core";
import {
  type EtcdMemberReport,
  MemberCommand,
  type MemberReport,
  memberFlags,
} from "../../ui/cli/member-command.ts";
import { aliasFlag, objectOf } from "../../ui/cli/object-argument.ts";

export default class MemberRemove extends MemberCommand {
  static override summary = "Remove a node from the fleet";
  static override description =
    "Refused if too few of the remaining voters answer to be a quorum. A leader transfers leadership first. " +
    "In a local fleet, this also stops the process and moves its folder to removed/ in the fleet's folder. " +
    "Nothing is deleted.";
  static override examples = ['<%= config.bin %> member remove n4 --reason "machine retired"'];
  static override args = { node: Args.string({ description: "The node" }) };
  static override flags = {
    ...memberFlags,
    name: aliasFlag(),
    yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<MemberReport | EtcdMemberReport> {
    const { args, flags } = await this.parse(MemberRemove);
    const name = objectOf(args.node, flags.name, "NODE");
    const words = {
      done: `removed ${name}`,
      already: `${name} was removed already`,
      would: `would remove ${name}`,
    };
    const onEtcd = await this.changeOnEtcd(flags, { kind: "remove", name }, words, flags);
    if (onEtcd !== null) return onEtcd;
    const client = await this.changer(flags);
    const { name: fleet, directory } = client.target;
    const change = { $case: "remove", value: { name } } as const;
    const request = { ...this.order(flags), change };
    // It is checked before the question whether the change is possible.
    const checked = await client.changeMembership({ ...request, dryRun: true });
    if (checked.changed && !flags["dry-run"]) {
      await this.confirm(fleet, `remove ${name} from fleet ${fleet}`, flags.yes);
    }
    const done = flags["dry-run"] ? checked : await client.changeMembership(request, flags.timeout);
    const notes = directory === undefined || flags["dry-run"] ? [] : await this.retire(directory, name);
    return await this.report(flags, done, words, notes);
  }
}
