// `fleet rebind rollback`: undoes a plan, or one cluster's migration, at whatever step it is.
import { Args, Flags } from "@oclif/core";
import type { WavesReport } from "../../client/rebind/waves/run-taken.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { inversePlan, type RebindPlan } from "../../core/rebind/plan.ts";
import { executorFlags, type PlanReport, runFlags } from "../../ui/cli/rebind-command.ts";
import { WavesCommand, type WavesPreview } from "../../ui/cli/waves-command.ts";

type RollbackFlagValues = Parameters<RebindRollback["runPlan"]>[1] &
  Parameters<RebindRollback["executor"]>[0] & {
    readonly cluster: string | undefined;
    readonly yes: boolean;
  };

export default class RebindRollback extends WavesCommand {
  static override summary = "Undo a plan, or a cluster's migration";
  static override description =
    "Undoes the moves that began, the last ones first. If it was interrupted, the same command finishes it. " +
    "It needs running agents: end the migration of a cluster without one with fleet cluster unbind --force. " +
    "Name a plan in waves by its file or by its name in the fleet: it is rolled back in waves. The rollback " +
    "of a finished plan is a new plan.";
  static override examples = [
    "<%= config.bin %> rebind rollback move.yaml",
    "<%= config.bin %> rebind rollback s1-to-many-r120",
    "<%= config.bin %> rebind rollback --cluster c1",
  ];
  static override args = { plan: Args.string({ description: "The plan's file, or its name in the fleet" }) };
  static override flags = {
    ...runFlags,
    ...executorFlags,
    cluster: Flags.string({ summary: "The cluster, when there is no plan file" }),
    yes: Flags.boolean({ summary: "Do not ask" }),
  };

  async run(): Promise<PlanReport | WavesPreview | WavesReport> {
    const { args, flags } = await this.parse(RebindRollback);
    const { plan: given } = args;
    if ((given === undefined) === (flags.cluster === undefined)) throw nameOne();
    if (given === undefined) return await this.runPlan(await this.#clusterPlan(flags), flags);
    const { readPlanOrName } = await import("../../client/rebind/plan-file.ts");
    const plan = await readPlanOrName(given);
    if (typeof plan === "object" && plan.version === 1) return await this.runPlan(inversePlan(plan), flags);
    return await this.#rollBackWaves(typeof plan === "string" ? plan : plan.name, flags);
  }

  async #clusterPlan(flags: RollbackFlagValues): Promise<RebindPlan> {
    const { rollbackPlan } = await import("../../client/rebind/make-plan.ts");
    const client = await this.client(flags);
    return await rollbackPlan(client, flags.cluster ?? "", this.executor(flags), this.hearing(flags));
  }

  async #rollBackWaves(planId: string, flags: RollbackFlagValues): Promise<WavesPreview | WavesReport> {
    const [{ PlanJournal }, { undoPlan }, { isFinished }] = await Promise.all([
      import("../../client/rebind/waves/journal.ts"),
      import("../../client/rebind/waves/undo-plan.ts"),
      import("../../client/rebind/waves/stored-plan.ts"),
    ]);
    const client = await this.client(flags);
    const journal = new PlanJournal(client, planId, flags.reason ?? "");
    const row = await journal.row();
    if (isFinished(row))
      return await this.applyWaves(await undoPlan(client, row, await journal.steps()), flags, {
        hasFile: false,
        remedy: "",
      });
    if (flags["dry-run"]) {
      const moved = (await journal.steps()).filter(({ begun }) => begun);
      return await this.previewWaves(
        planId,
        moved.map(({ fromShard, toShard }) => ({ from: toShard, to: fromShard })),
      );
    }
    return await this.rollBackWaves(client, planId, flags);
  }
}

function nameOne(): OperatorError {
  return new OperatorError("USAGE", {
    what: "name either a plan or a cluster",
    next: "fleet rebind rollback PLAN.yaml, or fleet rebind rollback --cluster C",
    exit: Exit.Usage,
  });
}
