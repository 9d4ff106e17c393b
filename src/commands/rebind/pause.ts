// `fleet rebind pause PLAN`: from any terminal; the runner finishes what is under way.
import { Args } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class RebindPause extends WriteCommand {
  static override summary = "Pause a running plan";
  static override description =
    "No further step begins. The process that runs the plan finishes what is under way, and ends. Continue with fleet rebind resume.";
  static override examples = ["<%= config.bin %> rebind pause s1-to-many-r120 --reason 'lunch'"];
  static override args = { plan: Args.string({ required: true, description: "The plan's name" }) };
  static override flags = { ...mutationFlags };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(RebindPause);
    const { plan: planId } = args;
    return await this.write(flags, {
      operation: { $case: "pausePlan", value: { planId, cause: "", fence: 0 } },
      would: `would pause plan ${planId}`,
      done: `plan ${planId} is paused`,
      already: `plan ${planId} was paused already`,
    });
  }
}
