// `fleet leader transfer`: another node leads, and nothing is lost on the way.
import { Flags } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { LeaderCommand, type LeaderMoved } from "../../ui/cli/leader-command.ts";

export default class LeaderTransfer extends LeaderCommand {
  static override summary = "Hand leadership to another node";
  static override description =
    "The leader first brings the other node up to date, and takes no writes meanwhile. Clients retry by themselves.";
  static override examples = [
    "<%= config.bin %> leader transfer",
    '<%= config.bin %> leader transfer --to n2 --reason "n1 gets a new kernel"',
  ];
  static override flags = {
    ...mutationFlags,
    to: Flags.string({
      default: "auto",
      helpValue: "NODE|auto",
      summary: "The node that will lead; auto: the voter with the longest log",
    }),
  };

  async run(): Promise<LeaderMoved> {
    const { flags } = await this.parse(LeaderTransfer);
    const to = flags.to === "auto" ? "" : flags.to;
    return (await this.transferOnEtcd(flags, to)) ?? (await this.transfer(flags, { to }));
  }
}
