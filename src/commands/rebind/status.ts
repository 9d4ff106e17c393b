// `fleet rebind status [PLAN]`: the plans in the fleet, or how far one of them is.
import { Args, Flags } from "@oclif/core";
import type { Listed } from "../../client/all-pages.ts";
import type { FleetReads } from "../../client/fleet-reads.ts";
import { silentRunners } from "../../client/rebind/waves/silent-runners.ts";
import { progressOf } from "../../core/rebind/waves/progress.ts";
import type { Plan, PlanStep } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ListPlansResponse, PlanRunner } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { readFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { limitLines } from "../../ui/model/limit.ts";
import {
  isNotable,
  planMark,
  planStateWord,
  progressText,
  silentRunnerLines,
} from "../../ui/model/plan-words.ts";
import { planStepTable, planTable } from "../../ui/model/tables/plan-table.ts";

interface PlanReport {
  readonly plan: Plan;
  /** The plan's, while it runs and the leader answers. */
  readonly runner: PlanRunner | undefined;
  readonly steps: readonly PlanStep[];
}

const plansView = listView(
  "Plan",
  { plans: planTable },
  "no plans in the fleet; make one with: fleet rebind plan --from SHARD --spread",
  (report: Listed<ListPlansResponse>) => [...silentRunnerLines(silentRunners(report)), ...limitLines(report)],
);

/** `all`: whether the rows are all steps, and not only those that are under way or have failed. */
const planView = (all: boolean): TableView<PlanReport, PlanStep> => ({
  kind: "PlanStatus",
  rowKind: "PlanStep",
  table: planStepTable,
  rows: ({ steps }) => steps,
  lines: ({ plan, runner }) => [
    { text: `${plan.planId} is ${planText(plan)}`, mark: planMark(plan) },
    ...silentRunnerLines(silentRunners({ plans: [plan], runners: runner === undefined ? [] : [runner] })),
  ],
  empty: all
    ? "the fleet has no steps of this plan yet: apply its file again, or end it: fleet rebind abort PLAN"
    : "no step is under way or has failed; all of them: --steps",
});

export default class RebindStatus extends FleetCommand {
  static override summary = "Show the plans in the fleet, or how far one is";
  static override description =
    "Without a plan it lists the unfinished plans and the last finished ones. With a plan it shows the steps that are under way or have failed.";
  static override examples = [
    "<%= config.bin %> rebind status",
    "<%= config.bin %> rebind status s1-to-many-r120 -w",
  ];
  static override args = { plan: Args.string({ description: "The plan's name" }) };
  static override flags = {
    ...readFlags,
    steps: Flags.boolean({ summary: "All steps of the plan" }),
  };

  async run(): Promise<Listed<ListPlansResponse> | PlanReport> {
    const { args, flags } = await this.parse(RebindStatus);
    const { plan } = args;
    if (plan === undefined) {
      return await this.read(flags, { view: plansView, load: (client) => client.listPlans() });
    }
    return await this.read(flags, {
      view: planView(flags.steps),
      load: (client) => this.#load(client, plan, flags.steps),
    });
  }

  async #load(client: FleetReads, planId: string, all: boolean): Promise<PlanReport> {
    const { planIn, stepsOf } = await import("../../client/rebind/waves/journal.ts");
    const listed = await client.listPlans({ filter: { prefix: planId } });
    const plan = planIn(listed, planId);
    const runner = listed.runners.find((row) => row.planId === planId);
    const steps = (await stepsOf(client, planId)).filter((step) => all || isNotable(step));
    return { plan, runner, steps };
  }
}

function planText(plan: Plan): string {
  return `${planStateWord(plan)}: ${progressText(progressOf(plan, 0, 0))}`;
}
