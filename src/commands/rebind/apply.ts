// `fleet rebind apply PLAN.yaml`: executes a plan; run again after an interruption, it goes on.
import { Args } from "@oclif/core";
import type { RebindReport } from "../../client/rebind/track.ts";
import { RebindCommand, runFlags } from "../../ui/cli/rebind-command.ts";

export default class RebindApply extends RebindCommand {
  static override summary = "Execute a plan";
  static override description =
    "Waves of --max-parallel moves; a wave that does not end well stops those behind it.";
  static override examples = ["<%= config.bin %> rebind apply move.yaml --reason 'drain s1'"];
  static override args = { plan: Args.string({ required: true, description: "The plan's file" }) };
  static override flags = { ...runFlags };

  async run(): Promise<RebindReport> {
    const { args, flags } = await this.parse(RebindApply);
    const { readPlan } = await import("../../client/rebind/plan-file.ts");
    return await this.runPlan(await readPlan(args.plan), flags);
  }
}
