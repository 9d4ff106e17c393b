// `fleet rebind resume PLAN`: continues a paused plan, or one whose runner is gone, from any terminal.
import { Args, Flags } from "@oclif/core";
import type { WavesReport } from "../../client/rebind/waves/run-taken.ts";
import { allowChange } from "../../ui/cli/allow-change.ts";
import { WavesCommand } from "../../ui/cli/waves-command.ts";

export default class RebindResume extends WavesCommand {
  static override summary = "Continue a paused plan, or one whose process is gone";
  static override description =
    "Takes over from the process that ran the plan. A plan that a live process runs is refused. Steps that failed are tried again, or left out with --skip-failed. A step that failed after it began leaves its cluster without service. So it still counts against --max-unavailable. While that limit is reached, no step begins (exit 9). With steps left out the plan is paused at its end: resume it again to retry them, or end it with fleet rebind abort.";
  static override examples = [
    "<%= config.bin %> rebind resume s1-to-many-r120",
    "<%= config.bin %> rebind resume s1-to-many-r120 --skip-failed",
  ];
  static override args = { plan: Args.string({ required: true, description: "The plan's name" }) };
  static override flags = {
    reason: Flags.string({ summary: "Why; kept in the audit log" }),
    // It asks nothing. Scripts give --yes to all commands that run a plan.
    yes: Flags.boolean({ hidden: true, summary: "Do not ask" }),
    "skip-failed": Flags.boolean({
      summary:
        "Leave out the steps that failed, and continue with the others; those that had begun still count as unavailable",
    }),
  };

  async run(): Promise<WavesReport> {
    const { args, flags } = await this.parse(RebindResume);
    const client = await this.client(flags);
    await allowChange(client.target, this.words, flags.reason);
    return await this.runWaves(client, args.plan, flags, false, flags["skip-failed"]);
  }
}
