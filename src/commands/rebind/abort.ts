// `fleet rebind abort PLAN`: ends a plan where it is, and releases its clusters for other plans.
import { Args } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class RebindAbort extends WriteCommand {
  static override summary = "End a plan where it is";
  static override description =
    "Clusters that have moved stay where they are. A cluster that is under way stays in its migration. Finish it with fleet rebind CLUSTER --to SHARD, or undo it with fleet rebind rollback --cluster CLUSTER. An aborted plan cannot be resumed.";
  static override examples = ["<%= config.bin %> rebind abort s1-to-many-r120 --reason 'wrong shard'"];
  static override args = { plan: Args.string({ required: true, description: "The plan's name" }) };
  static override flags = { ...mutationFlags };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(RebindAbort);
    const { plan: planId } = args;
    return await this.write(flags, {
      operation: { $case: "endPlan", value: { planId, fence: 0 } },
      would: `would abort plan ${planId}`,
      done: `plan ${planId} is aborted`,
      already: `plan ${planId} was aborted already`,
    });
  }
}
