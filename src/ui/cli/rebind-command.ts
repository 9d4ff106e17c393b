// What all rebind commands share: their flags, running or previewing a plan, and how the report looks and exits.
import { Flags } from "@oclif/core";
import type { Hearing } from "../../client/rebind/make-plan.ts";
import type { DomainReport } from "../../client/rebind/run-domains.ts";
import type { RebindOutcome, RebindReport } from "../../client/rebind/track.ts";
import type { WavePlanRequest } from "../../client/rebind/waves/make-wave-plan.ts";
import { Exit } from "../../core/base/errors.ts";
import type { Executor, RebindPlan } from "../../core/rebind/plan.ts";
import type { WavePlan } from "../../core/rebind/waves/wave-plan.ts";
import { domainLines } from "../model/domain-lines.ts";
import { type MoveRow, moveTable } from "../model/tables/move-table.ts";
import { allowChange } from "./allow-change.ts";
import { expectedFailure } from "./failure.ts";
import { FleetCommand } from "./fleet-command.ts";
import { mutationFlags, type TargetFlagValues, timeoutFlag } from "./fleet-flags.ts";
import type { TableView } from "./view.ts";
import { preconditionsOf, strategyOf, type WaveFlagValues } from "./wave-flags.ts";

const NAMES_SHOWN = 5;

export const executorFlags = {
  command: Flags.string({
    summary:
      "Command that restarts an agent, with {cluster} {from} {to} {address} filled in (default: restart local agents)",
  }),
};

export const runFlags = {
  ...mutationFlags,
  timeout: timeoutFlag("60s", "Give up on a wave after this long"),
  "max-parallel": Flags.integer({
    summary: "Maximum number of concurrent moves",
    default: 4,
    min: 1,
    max: 100_000,
  }),
};

interface RunFlagValues extends TargetFlagValues {
  readonly reason: string | undefined;
  readonly "dry-run": boolean;
  readonly timeout: number;
  readonly "max-parallel": number;
}

/** Clusters, and the domains of a plan that moves some. */
export interface PlanReport extends RebindReport {
  readonly domains?: readonly DomainReport[];
}

export const clustersView: TableView<PlanReport, MoveRow> = {
  kind: "Rebind",
  rowKind: "Move",
  table: moveTable,
  rows: (report) => report.moves,
  lines: ({ domains = [] }) => domainLines(domains),
  empty: "nothing to move: the shard already owns the named clusters, and no other shard serves them",
};

export function firstOf(names: readonly string[]): string {
  const rest = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return `${names.slice(0, NAMES_SHOWN).join(", ")}${rest}`;
}

export abstract class RebindCommand extends FleetCommand {
  /** How long a new leader may take to hear the shards before anything is planned, and what is said meanwhile. */
  protected hearing({ timeout: timeoutMs }: { readonly timeout: number }): Hearing {
    const onWait = (shards: readonly string[]) => {
      this.note(`the leader is new: waiting for it to hear ${firstOf(shards)}`);
    };
    return { timeoutMs, onWait };
  }

  protected executor(flags: { readonly command: string | undefined }): Executor {
    return flags.command === undefined ? { kind: "local" } : { kind: "command", command: flags.command };
  }

  /** A plan in waves of what `which` selects; without moves, after it said `nothing`, where no cluster would move. */
  protected async planWaves(
    which: Omit<WavePlanRequest, "executor" | "strategy" | "preconditions">,
    flags: WaveFlagValues &
      TargetFlagValues & { readonly command: string | undefined; readonly timeout: number },
    nothing: string,
  ): Promise<WavePlan> {
    const { makeWavePlan } = await import("../../client/rebind/waves/make-wave-plan.ts");
    const client = await this.client(flags);
    const { tolerance } = await client.status();
    const request = {
      ...which,
      executor: this.executor(flags),
      strategy: strategyOf(flags),
      preconditions: preconditionsOf(flags, tolerance?.voters ?? null),
    };
    const { plan, migrating } = await makeWavePlan(client, request, this.hearing(flags));
    for (const cluster of migrating) this.note(`${cluster}: left out, because a migration is under way`);
    if (plan.moves.length === 0) this.note(nothing);
    return plan;
  }

  /** A file without moves is no plan, and a table of them says nothing; scripts learn it from the document. */
  protected get printsEmptyPlans(): boolean {
    return this.output.format !== "table" && this.output.format !== "wide";
  }

  protected readonly onUnserved = (cluster: string): void =>
    this.note(`${cluster}: no shard has a session of it: its agent is down, or cannot connect`);

  /** Refuses a stale plan as a whole, unless a part of it is wanted; then says what would be done, and asks. */
  protected async check(
    plan: RebindPlan,
    flags: RunFlagValues & { readonly partial: boolean; readonly yes: boolean },
  ): Promise<void> {
    const [{ lookAtPlan }, { planSummary, stalePlan }] = await Promise.all([
      import("../../client/rebind/run-plan.ts"),
      import("../../client/rebind/plan-check.ts"),
    ]);
    const client = await this.client(flags);
    const { onWait } = this.hearing(flags);
    const steps = await lookAtPlan(client, plan, flags.timeout, onWait);
    const { stale, summary } = planSummary(plan, steps);
    if (stale.length > 0 && !flags.partial) throw stalePlan(plan, stale);
    this.note(summary);
    await this.confirm(plan.name, `apply plan ${plan.name} to fleet ${client.target.name}`, flags.yes);
  }

  /** Runs the plan, or shows what it would do next; again and again gives the same end. */
  protected async runPlan(plan: RebindPlan, flags: RunFlagValues): Promise<PlanReport> {
    const [{ openMover }, { previewPlan, runPlan, unstarted }, { runDomains }] = await Promise.all([
      import("../../client/rebind/executor.ts"),
      import("../../client/rebind/run-plan.ts"),
      import("../../client/rebind/run-domains.ts"),
    ]);
    const client = await this.client(flags);
    const { "dry-run": dryRun, reason = "", timeout: timeoutMs } = flags;
    if (!dryRun) await allowChange(client.target, this.words, flags.reason);
    // Domains need no agents restarted.
    const mover = plan.moves.length === 0 ? null : await openMover(plan.executor, client.target.directory);
    if (!dryRun) {
      this.onInterrupt(() => `stopped; ${howToGoOn(plan)}`);
    }
    const onProgress = (done: number, total: number) => this.note(`${done} of ${total} domains`);
    const batches = { reason, deadlineMs: timeoutMs, dryRun, onProgress };
    const { onWait } = this.hearing(flags);
    const domains = await runDomains(client, plan.domains ?? [], batches);
    // Clusters may need the domains where they go.
    const areDomainsDone = domains.every(({ result }) => result === "done");
    if (mover === null || !(dryRun || areDomainsDone)) return this.#show(unstarted(plan), domains, dryRun);
    if (dryRun) return this.#show(await previewPlan(client, plan, mover, timeoutMs, onWait), domains, true);
    const outcome = await runPlan(client, plan, mover, {
      maxParallel: flags["max-parallel"],
      timeoutMs,
      reason,
      onStep: (move, step) =>
        this.note(`${move.cluster}: ${step.step}${"why" in step ? ` (${step.why})` : ""}`),
      onWait,
    });
    const isCut = outcome.report.moves.some(({ result }) => result === "timed-out");
    if (isCut) this.note(`it did not finish in time; ${howToGoOn(plan)}`);
    return this.#show(outcome, domains, false);
  }

  /** All moves are shown, whatever became of one of them; JSON is one document with the error in it. */
  async #show(
    { report: ran, error }: RebindOutcome,
    domains: readonly DomainReport[],
    isPreview: boolean,
  ): Promise<PlanReport> {
    const report: PlanReport = domains.length === 0 ? ran : { ...ran, domains };
    const view = domains.length === 0 ? clustersView : { ...clustersView, empty: "no cluster to move" };
    if (error === null) {
      await this.print(report, view);
      this.exitWith(exitOf(report, isPreview));
      return report;
    }
    if (this.output.format !== "json") {
      await this.print(report, view);
      throw error;
    }
    await this.print({ ...report, error: expectedFailure(error) }, view);
    this.exitWith(error.parts.exit);
    return report;
  }
}

function howToGoOn({ moves }: RebindPlan): string {
  const [first] = moves;
  if (moves.length !== 1 || !first?.agentOnly) {
    return "run the same command again to finish it, or undo it: fleet rebind rollback";
  }
  // No migration is under way that another run or a rollback would find.
  const { cluster, from, to } = first;
  return `run the same command again until fleet cluster list shows ${cluster} at ${to}, or take it back: fleet rebind ${cluster} --to ${from}`;
}

function exitOf({ moves, domains = [] }: PlanReport, isPreview: boolean): Exit {
  const results = [...moves, ...domains].map(({ result }) => result);
  if (results.includes("blocked")) return Exit.Precondition;
  if (isPreview) return Exit.Ok;
  return results.every((result) => result === "done") ? Exit.Ok : Exit.TimedOut;
}
