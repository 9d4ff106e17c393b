// `fleet leader transfer [NODE]`: another node leads, and nothing is lost on the way.
import { Args } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { LeaderCommand, type LeaderMoved } from "../../ui/cli/leader-command.ts";
import { aliasFlag, optionalObjectOf } from "../../ui/cli/object-argument.ts";

export default class LeaderTransfer extends LeaderCommand {
  static override summary = "Hand leadership to another node";
  static override description =
    "The leader first brings the other node up to date, and takes no writes meanwhile. Clients retry by themselves. Without NODE, or with auto, the voter with the longest log leads.";
  static override examples = [
    "<%= config.bin %> leader transfer",
    '<%= config.bin %> leader transfer n2 --reason "n1 gets a new kernel"',
  ];
  static override args = { node: Args.string({ description: "The node that will lead" }) };
  static override flags = { ...mutationFlags, to: aliasFlag() };

  async run(): Promise<LeaderMoved> {
    const { args, flags } = await this.parse(LeaderTransfer);
    const node = optionalObjectOf(args.node, flags.to, "NODE") ?? "auto";
    const to = node === "auto" ? "" : node;
    return (await this.transferOnEtcd(flags, to)) ?? (await this.transfer(flags, { to }));
  }
}
