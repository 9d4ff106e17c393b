// `fleet leader step-down`: a node hands leadership over, and the fleet chooses the next leader.
import { Flags } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { LeaderCommand, type TransferReport } from "../../ui/cli/leader-command.ts";

export default class LeaderStepDown extends LeaderCommand {
  static override summary = "Make a node stop leading";
  static override description =
    "With --node it is safe to run before any maintenance: it does nothing if that node does not lead. Without --node, the current leader transfers leadership.";
  static override examples = [
    "<%= config.bin %> leader step-down",
    "<%= config.bin %> leader step-down --node n1",
  ];
  static override flags = {
    ...mutationFlags,
    node: Flags.string({ helpValue: "NODE", summary: "The node that must not lead (default: the leader)" }),
  };

  async run(): Promise<TransferReport> {
    const { flags } = await this.parse(LeaderStepDown);
    const { node } = flags;
    return await this.transfer(flags, node === undefined ? { to: "" } : { to: "", from: node });
  }
}
