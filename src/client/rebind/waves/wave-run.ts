// One wave: each round reads the fleet once and takes the next step of every cluster, at most maxUnavailable of
// them under way. Steps that failed half-way and were skipped count too. It ends when all have settled and were seen
// at their target, or when a step has failed and the others under way have settled.

import { Exit, OperatorError } from "../../../core/base/errors.ts";
import type { WaitClock } from "../../../core/base/wait-clock.ts";
import type { NextStep } from "../../../core/rebind/next-step.ts";
import { type Health, throttled } from "../../../core/rebind/waves/preconditions.ts";
import type { Strategy } from "../../../core/rebind/waves/wave-plan.ts";
import { type PlanStep, PlanStepState } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { AgentMover } from "../executor.ts";
import { type Fleet, type FleetReader, targetAddress } from "../look.ts";
import type { PlanJournal } from "./journal.ts";
import type { HealthReader } from "./leader-health.ts";
import type { RunnerHeartbeat } from "./runner-heartbeat.ts";
import type { StepTrack } from "./step-track.ts";
import { isTransient } from "./transient.ts";
import type { WaveEvents } from "./wave-events.ts";

const LOOK_EVERY_MS = 250;
const HEALTH_EVERY_MS = 1_000;
const SUBMIT_MS_MIN = 1_000;
const NAMES_SHOWN = 5;

interface WaveRunDeps {
  readonly reader: FleetReader;
  readonly heartbeat: RunnerHeartbeat;
  readonly journal: PlanJournal;
  readonly mover: AgentMover;
  readonly health: HealthReader;
  readonly clock: WaitClock;
  readonly events: WaveEvents;
  readonly isStopping: () => boolean;
}

export class WaveRun {
  readonly #strategy: Strategy;
  /** Of the whole plan: what another wave left under way counts too. */
  readonly #all: readonly StepTrack[];
  readonly #wave: readonly StepTrack[];
  readonly #deps: WaveRunDeps;
  readonly #endMs: number;
  #healthAtMs = 0;
  #throttle: string | null = null;

  constructor(strategy: Strategy, all: readonly StepTrack[], wave: readonly StepTrack[], deps: WaveRunDeps) {
    this.#strategy = strategy;
    this.#all = all;
    this.#wave = wave;
    this.#deps = deps;
    this.#endMs = deps.clock.now() + strategy.waveTimeoutMs;
  }

  /** Null = all of its clusters are at their targets, or the run ends; otherwise what failed. */
  async run(): Promise<string | null> {
    const { heartbeat, clock, isStopping } = this.#deps;
    for (;;) {
      const acted = await this.#round();
      const open = this.#wave.filter((step) => !step.isEnded && !step.hasFailed);
      const moving = open.filter((step) => step.isMoving);
      if (heartbeat.end !== null && heartbeat.end.kind !== "paused") return null;
      if (open.length === 0) break;
      const mayEnd = this.#mayBeginNone() || heartbeat.end !== null || isStopping();
      if (mayEnd && moving.length === 0) break;
      if (clock.now() >= this.#endMs) {
        await this.#timeOut(moving);
        return this.#problem() ?? `the wave took longer than ${this.#strategy.waveTimeoutMs / 1_000} s`;
      }
      if (!acted) await clock.sleep(LOOK_EVERY_MS);
    }
    return this.#problem() ?? (await this.#verify());
  }

  /** Returns whether anything was changed. */
  async #round(): Promise<boolean> {
    const { heartbeat } = this.#deps;
    await heartbeat.beat();
    const open = this.#wave.filter((step) => !step.isEnded && !step.hasFailed);
    const fleet = await this.#look();
    if (fleet === null) return false;
    await this.#lookAtHealth();
    let free = this.#mayBeginNone()
      ? 0
      : this.#strategy.maxUnavailable - this.#count((step) => step.isMoving || step.isFailedHalfWay);
    const acts = open.flatMap((step) => {
      const next = step.track.decide(fleet);
      if (step.isMoving) return [this.#guarded(step, () => this.#proceed(step, next, fleet))];
      if (free <= 0) return [];
      free -= 1;
      return [this.#guarded(step, () => this.#begin(step, next, fleet))];
    });
    const acted = await heartbeat.during(Promise.all(acts));
    return acted.includes(true);
  }

  /** Null: the fleet did not answer, and is asked again. */
  async #look(): Promise<Fleet | null> {
    try {
      return await this.#deps.heartbeat.during(this.#deps.reader.look(this.#endMs));
    } catch (error) {
      if (!isTransient(error)) throw error;
      return null;
    }
  }

  async #lookAtHealth(): Promise<void> {
    const { throttleLatencyMs, throttleLag } = this.#strategy;
    if (throttleLatencyMs === undefined && throttleLag === undefined) return;
    const { clock, health, events } = this.#deps;
    if (clock.now() < this.#healthAtMs) return;
    this.#healthAtMs = clock.now() + HEALTH_EVERY_MS;
    const seen: Health = await health();
    const why = throttled(this.#strategy, seen);
    if (why !== null && this.#throttle === null) events.onWait(`throttled: ${why}`);
    this.#throttle = why;
  }

  #mayBeginNone(): boolean {
    const { heartbeat, isStopping } = this.#deps;
    return isStopping() || heartbeat.end !== null || this.#throttle !== null || this.#problem() !== null;
  }

  async #begin(step: StepTrack, next: NextStep, fleet: Fleet): Promise<boolean> {
    const { journal, mover } = this.#deps;
    if (next.step === "blocked") throw refused(next.reason, next.why);
    // If the executor can't act, that should be known before the owner is declared.
    await mover.check(step.track.move, targetAddress(fleet, step.track.move));
    await journal.advance(step.clusterId, step.moving, "", this.#submitMs());
    this.#becomes(step, step.moving);
    return true;
  }

  async #proceed(step: StepTrack, next: NextStep, fleet: Fleet): Promise<boolean> {
    const { journal, mover } = this.#deps;
    switch (next.step) {
      case "move-agent":
        await mover.moveAgent(step.track.move, targetAddress(fleet, step.track.move));
        step.track.hasMovedAgent = true;
        return true;
      case "settle":
      case "done":
        await journal.advance(step.clusterId, step.ended, "", this.#submitMs());
        this.#becomes(step, step.ended);
        return true;
      case "wait-session":
      case "wait-release":
        return false;
      // The read may be older than the entry by which the step began.
      case "begin":
        return false;
      case "blocked":
        throw refused(next.reason, next.why);
    }
  }

  /** A refusal fails this step alone, unless it is about the runner or passes by itself. */
  async #guarded(step: StepTrack, act: () => Promise<boolean>): Promise<boolean> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      const { heartbeat } = this.#deps;
      if (heartbeat.refused(error) || isTransient(error) || error.code === "PLAN_AT_LIMIT") return false;
      await this.#failStep(step, error);
      return true;
    }
  }

  async #failStep(step: StepTrack, error: OperatorError): Promise<void> {
    const { journal, heartbeat, events } = this.#deps;
    step.track.error = error;
    try {
      await journal.advance(step.clusterId, PlanStepState.FAILED, error.code, this.#submitMs());
    } catch (refusal) {
      // A step that is settled already can't fail; without an answer it stays as it was, and fails in this run.
      if (!heartbeat.refused(refusal) && !(refusal instanceof OperatorError)) throw refusal;
    }
    step.becomes(PlanStepState.FAILED);
    events.onStep(step.clusterId, `failed (${error.code}: ${error.parts.what})`);
  }

  async #timeOut(moving: readonly StepTrack[]): Promise<void> {
    for (const step of moving) {
      const { step: reached = "begin", ...rest } = step.track.step ?? {};
      const why = "why" in rest ? `${reached}: ${rest.why}` : reached;
      await this.#failStep(step, refused("TIMED_OUT", why));
    }
  }

  /** The shards confirm the wave: each cluster has its session at its target, and at no other shard. */
  async #verify(): Promise<string | null> {
    const { heartbeat, clock } = this.#deps;
    for (;;) {
      if (heartbeat.end !== null) return null;
      const fleet = await this.#look();
      const unseen =
        fleet === null ? null : this.#wave.filter((step) => step.isEnded && !isThere(step, fleet));
      if (unseen?.length === 0) return null;
      if (clock.now() >= this.#endMs) return `not verified: ${namesOf(unseen ?? this.#wave)}`;
      await clock.sleep(LOOK_EVERY_MS);
      await heartbeat.beat();
    }
  }

  #problem(): string | null {
    const failed = this.#wave.filter((step) => step.hasFailed);
    if (failed.length === 0) return null;
    const [first] = failed;
    const why = first?.track.error?.parts.what ?? "";
    return `${failed.length} of ${this.#wave.length} steps failed: ${namesOf(failed)}${why === "" ? "" : ` (${why})`}`;
  }

  #becomes(step: StepTrack, state: PlanStepState): void {
    step.becomes(state);
    this.#deps.events.onStep(step.clusterId, step.isEnded ? "done" : "under way");
  }

  #count(claim: (step: StepTrack) => boolean): number {
    return this.#all.filter(claim).length;
  }

  #submitMs(): number {
    return Math.max(SUBMIT_MS_MIN, this.#endMs - this.#deps.clock.now());
  }
}

function isThere({ track: { move } }: StepTrack, fleet: Fleet): boolean {
  const { binding = null, observed = [] } = fleet.clusters.get(move.cluster) ?? {};
  const isDeclared = binding?.shardId === move.to && binding.migration === undefined;
  const sessions = observed.filter(({ session }) => session).map(({ shardId }) => shardId);
  return isDeclared && sessions.length === 1 && sessions[0] === move.to;
}

const refused = (reason: string, what: string) =>
  new OperatorError(reason, { what, exit: Exit.Precondition });

function namesOf(steps: readonly { readonly row: Readonly<PlanStep> }[]): string {
  const names = steps.slice(0, NAMES_SHOWN).map(({ row }) => row.clusterId);
  return `${names.join(", ")}${steps.length > NAMES_SHOWN ? ` and ${steps.length - NAMES_SHOWN} more` : ""}`;
}
