// What the commands that run a plan in waves share: the question before it, its progress, Ctrl-C, and its end.
import type { FleetClient } from "../../client/fleet-client.ts";
import type { PlanJournal } from "../../client/rebind/waves/journal.ts";
import type { WavesReport } from "../../client/rebind/waves/run-taken.ts";
import { Exit } from "../../core/base/errors.ts";
import { systemWaitClock } from "../../core/base/wait-clock.ts";
import type { WavePlan } from "../../core/rebind/waves/wave-plan.ts";
import type { Plan } from "../../core/wire/gen/fleet/v1/command.ts";
import {
  interruptedText,
  planSentence,
  type Route,
  routesOf,
  routesText,
  stoppedText,
} from "../model/plan-words.ts";
import { routeTable } from "../model/tables/plan-table.ts";
import { allowChange } from "./allow-change.ts";
import type { TargetFlagValues } from "./fleet-flags.ts";
import { PlanProgress } from "./plan-progress.ts";
import { RebindCommand } from "./rebind-command.ts";
import type { TableView, TextView } from "./view.ts";

export interface WavesFlagValues extends TargetFlagValues {
  readonly reason: string | undefined;
}

interface ApplyFlagValues extends WavesFlagValues {
  readonly "dry-run": boolean;
  readonly yes: boolean;
}

/** What applying a plan would change. */
export interface WavesPreview {
  readonly plan: string;
  readonly sentence: string;
  readonly routes: readonly Route[];
}

export const previewView: TableView<WavesPreview, Route> = {
  kind: "PlanPreview",
  rowKind: "Route",
  table: routeTable,
  rows: ({ routes }) => routes,
  lines: ({ sentence }) => [{ text: sentence, mark: "unknown" }],
  empty: "nothing to move",
};

export const reportView: TextView<WavesReport> = {
  kind: "PlanRun",
  text: (report, { paint, symbols }) => {
    const mark = report.result === "done" || report.result === "rolled-back" ? "good" : "warn";
    return [paint.mark(mark, `${symbols.marks[mark]} ${endText(report)}`)];
  },
};

/** Where a plan comes from: from a file that the operator can apply again, or from this command alone. */
interface PlanOrigin {
  readonly hasFile: boolean;
  /** How the operator changes its preconditions; empty = not at all. */
  readonly remedy: string;
}

export abstract class WavesCommand extends RebindCommand {
  /** Shows what the plan would change, asks, puts it into the fleet and runs it. */
  protected async applyWaves(
    plan: WavePlan,
    flags: ApplyFlagValues,
    { hasFile, remedy }: PlanOrigin,
  ): Promise<WavesPreview | WavesReport> {
    const [{ requireReady }, { uploadOnce, uploadPlan }] = await Promise.all([
      import("../../client/rebind/waves/run-taken.ts"),
      import("../../client/rebind/waves/upload-plan.ts"),
    ]);
    const client = await this.client(flags);
    const preview = { plan: plan.name, sentence: planSentence(plan), routes: routesOf(plan.moves) };
    try {
      await requireReady(client, plan, remedy);
    } catch (error) {
      // What would move is what was asked for, also while it may not begin.
      if (flags["dry-run"]) this.note(`${preview.sentence}: ${routesText(preview.routes)}`);
      throw error;
    }
    if (flags["dry-run"]) return await this.#preview(preview);
    this.note(`${preview.sentence}: ${routesText(preview.routes)}`);
    await this.confirm(plan.name, `apply plan ${plan.name} to fleet ${client.target.name}`, flags.yes);
    await allowChange(client.target, this.words, flags.reason);
    await (hasFile ? uploadPlan : uploadOnce)(client, plan, flags.reason ?? "");
    return await this.runWaves(client, plan.name, flags, false);
  }

  /** What a rollback would move. */
  protected previewWaves(
    plan: string,
    moves: readonly { readonly from: string; readonly to: string }[],
  ): Promise<WavesPreview> {
    const sentence = `plan ${plan}: ${moves.length} clusters to move back`;
    return this.#preview({ plan, sentence, routes: routesOf(moves) });
  }

  /** For scripts: a person was told already. */
  protected async showEmpty(plan: string, sentence: string): Promise<WavesPreview> {
    const preview = { plan, sentence, routes: [] };
    return this.printsEmptyPlans ? await this.#preview(preview) : preview;
  }

  async #preview(preview: WavesPreview): Promise<WavesPreview> {
    await this.print(preview, previewView);
    return preview;
  }

  /** Pauses the plan's runner, if there is one, and moves back what has begun. */
  protected async rollBackWaves(
    client: FleetClient,
    planId: string,
    flags: ApplyFlagValues,
  ): Promise<WavesReport> {
    await this.confirm(planId, `roll back plan ${planId} in fleet ${client.target.name}`, flags.yes);
    await allowChange(client.target, this.words, flags.reason);
    return await this.runWaves(client, planId, flags, true);
  }

  /** Runs a plan that is in the fleet, in either direction. */
  protected async runWaves(
    client: FleetClient,
    planId: string,
    { reason = "" }: WavesFlagValues,
    rollBack: boolean,
    skipFailed = false,
  ): Promise<WavesReport> {
    const [{ PlanJournal: Journal }, { quiesce, takePlan }] = await Promise.all([
      import("../../client/rebind/waves/journal.ts"),
      import("../../client/rebind/waves/start-plan.ts"),
    ]);
    const journal = new Journal(client, planId, reason);
    const onWait = (why: string) => this.note(why);
    if (rollBack) await quiesce(journal, systemWaitClock, onWait);
    const row = await takePlan(journal, rollBack, systemWaitClock, onWait);
    const report = await this.#run(client, journal, row, skipFailed);
    await this.printText(report, reportView);
    this.exitWith(exitOf(report));
    return report;
  }

  async #run(
    client: FleetClient,
    journal: PlanJournal,
    row: Plan,
    skipFailed: boolean,
  ): Promise<WavesReport> {
    const { runTaken } = await import("../../client/rebind/waves/run-taken.ts");
    const progress = new PlanProgress(process.stderr.isTTY === true, systemWaitClock.now);
    let isStopping = false;
    const running = runTaken(client, journal, row, {
      skipFailed,
      events: {
        onWave: (number, size) => progress.wave(number, size),
        onRow: (now) => progress.row(now),
        onStep: (cluster, text) => {
          if (text.startsWith("failed")) progress.note(`${cluster}: ${text}`);
        },
        onWait: (why) => progress.note(why),
      },
      isStopping: () => isStopping,
    });
    this.onInterrupt(
      async () => {
        isStopping = true;
        progress.note("finishing what is under way; Ctrl-C again stops at once");
        const { result } = await running;
        progress.end();
        return interruptedText(row.planId, result);
      },
      () => stoppedText(row.planId, progress.underWay),
    );
    return await running.finally(() => progress.end());
  }
}

function endText({ plan, result, why, steps, done, undone }: WavesReport): string {
  const because = why === "" ? "" : `: ${why}`;
  switch (result) {
    case "done":
      return `plan ${plan}: ${done} of ${steps} clusters moved`;
    case "rolled-back":
      return `plan ${plan}: rolled back, ${undone} clusters moved back`;
    case "paused":
      return `plan ${plan}: paused with ${done} of ${steps} clusters moved${because}; continue with: fleet rebind resume ${plan}`;
    case "aborted":
      return `plan ${plan}: aborted with ${done} of ${steps} clusters moved`;
    case "replaced":
      return `plan ${plan}: this run has ended${because}`;
  }
}

function exitOf({ result, failed }: WavesReport): Exit {
  if (result === "done" || result === "rolled-back") return Exit.Ok;
  return failed.length > 0 ? Exit.Failure : Exit.Precondition;
}
