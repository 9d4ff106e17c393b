// `fleet member replace`: a new node takes an old one's place.
import { Args, Flags } from "@oclif/core";
import { MemberCommand, type MemberReport, memberFlags } from "../../ui/cli/member-command.ts";

export default class MemberReplace extends MemberCommand {
  static override summary = "Replace a node with a new one";
  static override description =
    "The new node catches up as a learner, and becomes a voter in the same step in which the old one leaves. In a local fleet, this also makes the new node; elsewhere, first add it with fleet member add --learner, and start it. If it was interrupted, the same command continues it.";
  static override examples = ["<%= config.bin %> member replace n2 --with n4"];
  static override args = { old: Args.string({ required: true, description: "The node that leaves" }) };
  static override flags = {
    ...memberFlags,
    with: Flags.string({ required: true, summary: "The node that takes its place" }),
    yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<MemberReport> {
    const { args, flags } = await this.parse(MemberReplace);
    const client = await this.changer(flags);
    const { name: fleet, directory } = client.target;
    const { old } = args;
    const { with: fresh, timeout, "dry-run": dryRun } = flags;
    if (!dryRun) await this.confirm(fleet, `replace ${old} of fleet ${fleet} with ${fresh}`, flags.yes);
    const [{ replaceMember, newcomer }, deps] = await Promise.all([
      import("../../client/member/replace.ts"),
      this.machine(),
    ]);
    const order = this.order(flags);
    const wanted = { name: old, with: fresh };
    const joined = await newcomer(client, directory, wanted, order, deps);
    const left = joined?.changed === true ? { ...order, expectedConfigurationIndex: undefined } : order;
    const isPlan = dryRun && joined?.changed === true;
    const say = (step: string) => this.note(`  ${step}`);
    const done = isPlan ? joined : await replaceMember(client, wanted, left, timeout, say);
    const notes = directory === undefined || dryRun ? [] : await this.retire(directory, old);
    const words = {
      done: `${fresh} has replaced ${old}`,
      already: `${fresh} has replaced ${old} already`,
      would: `would put ${fresh} in the place of ${old}`,
    };
    return await this.report(flags, done, words, notes);
  }
}
