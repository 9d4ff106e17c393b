// `fleet rebind apply PLAN.yaml`: executes a plan. After an interruption the same command continues it.
import { Args, Flags } from "@oclif/core";
import type { WavesReport } from "../../client/rebind/waves/run-taken.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { type PlanReport, runFlags } from "../../ui/cli/rebind-command.ts";
import { WavesCommand, type WavesPreview } from "../../ui/cli/waves-command.ts";

export default class RebindApply extends WavesCommand {
  static override summary = "Execute a plan";
  static override description =
    "Moves the domains first, in batches that are each all or nothing. Then moves the clusters, in waves of " +
    "--max-parallel moves. A wave that fails stops the waves after it. A plan in waves (fleet rebind plan) " +
    "has its own strategy, and the fleet keeps its progress. Show and control it from any terminal " +
    "with fleet rebind status, pause, resume, abort and rollback.";
  static override examples = ["<%= config.bin %> rebind apply move.yaml --reason 'drain s1'"];
  static override args = { plan: Args.string({ required: true, description: "The plan's file" }) };
  static override flags = {
    ...runFlags,
    partial: Flags.boolean({ summary: "Apply what still fits of a plan that is stale" }),
    yes: Flags.boolean({ summary: "Do not ask" }),
  };

  async run(): Promise<PlanReport | WavesPreview | WavesReport> {
    const { args, flags, raw } = await this.parse(RebindApply);
    const { readPlan } = await import("../../client/rebind/plan-file.ts");
    const plan = await readPlan(args.plan);
    if (plan.version === 2) {
      refuse(raw.flatMap((token) => (token.type === "flag" ? [token.flag] : [])));
      return await this.applyWaves(plan, flags, {
        hasFile: true,
        remedy: "change the preconditions in the plan",
      });
    }
    if (!flags["dry-run"]) await this.check(plan, flags);
    return await this.runPlan(plan, flags);
  }
}

// A plan in waves has these limits in itself, so that every runner keeps to the same ones.
const SAID_BY_THE_PLAN = ["max-parallel", "partial"];

function refuse(given: readonly string[]): void {
  const flag = SAID_BY_THE_PLAN.find((name) => given.includes(name));
  if (flag === undefined) return;
  throw new OperatorError("USAGE", {
    what: `--${flag} has no effect on a plan in waves`,
    why: "the plan says how many clusters move at a time, and is refused as a whole when it no longer fits",
    next: "leave it out, or make a new plan: fleet rebind plan --max-unavailable N",
    exit: Exit.Usage,
  });
}
