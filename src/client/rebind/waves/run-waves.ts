// Runs a plan that this process has taken, wave by wave. The fleet's journal gets each step before the agent moves, and
// again when the cluster has settled. What must stay true: a runner that was replaced changes nothing more, and after
// every kind of end the journal says where to continue. Renewals continue while a slow command restarts an agent.

import { assert } from "../../../core/base/assert.ts";
import type { WaitClock } from "../../../core/base/wait-clock.ts";
import { nextWave } from "../../../core/rebind/waves/cut-waves.ts";
import { unmet } from "../../../core/rebind/waves/preconditions.ts";
import type { PlanStep } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { AgentMover } from "../executor.ts";
import { FleetReader, type FleetReads } from "../look.ts";
import type { PlanJournal } from "./journal.ts";
import type { HealthReader } from "./leader-health.ts";
import { RunnerHeartbeat } from "./runner-heartbeat.ts";
import { StepTrack } from "./step-track.ts";
import type { RunnablePlan } from "./stored-plan.ts";
import type { WaveEvents } from "./wave-events.ts";
import { WaveRun } from "./wave-run.ts";

const LOOK_EVERY_MS = 500;

export interface WaveDeps {
  readonly reads: FleetReads;
  readonly journal: PlanJournal;
  readonly mover: AgentMover;
  readonly health: HealthReader;
  readonly clock: WaitClock;
  readonly events: WaveEvents;
  /** This process, for other terminals. */
  readonly runner: string;
  /**
   * Steps that failed in an earlier run are left out. With such a step the plan ends paused, never done. One that has
   * begun still takes a place of maxUnavailable.
   */
  readonly skipFailed?: boolean;
  /** Once it returns true, no further step begins, and the plan is paused. */
  readonly isStopping: () => boolean;
}

export interface WavesEnd {
  readonly kind: "done" | "rolled-back" | "paused" | "aborted" | "replaced";
  /** Empty, or a sentence without a full stop. */
  readonly why: string;
  /** The steps that failed in this run. */
  readonly failed: readonly PlanStep[];
}

/** Throws what neither the fleet nor the plan foresees: the plan then stays as it is, for another runner. */
export async function runWaves(plan: RunnablePlan, deps: WaveDeps): Promise<WavesEnd> {
  return await new Waves(plan, deps).run();
}

class Waves {
  readonly #plan: RunnablePlan;
  readonly #deps: WaveDeps;
  readonly #reader: FleetReader;
  readonly #heartbeat: RunnerHeartbeat;
  #rollingBack = false;
  #steps: StepTrack[] = [];
  #failed: PlanStep[] = [];
  #wave = 0;

  constructor(plan: RunnablePlan, deps: WaveDeps) {
    this.#plan = plan;
    this.#deps = deps;
    this.#reader = new FleetReader(deps.reads, (shards) =>
      deps.events.onWait(`the leader is new, and has yet to hear ${shards.length} shards`),
    );
    this.#heartbeat = new RunnerHeartbeat(deps.journal, deps.clock, deps.events.onRow);
  }

  async run(): Promise<WavesEnd> {
    const row = await this.#deps.journal.row();
    this.#deps.events.onRow(row);
    await this.#load(row.rollingBack);
    if (this.#deps.skipFailed === true) for (const step of this.#steps) step.skipFailed();
    for (;;) {
      const ended = await this.#step();
      if (ended !== null) return ended;
    }
  }

  /** One wave, and what comes after it; null = there may be more. */
  async #step(): Promise<WavesEnd | null> {
    const { journal } = this.#deps;
    const wave = this.#nextWave();
    if (wave.length === 0) return await this.#finish();
    const unfit = await this.#waitUntilFit();
    if (this.#mustStop) return await this.#stop();
    if (unfit !== null) {
      await journal.pause("PRECONDITIONS");
      return this.#end("paused", unfit);
    }
    this.#wave += 1;
    this.#deps.events.onWave(this.#wave, wave.length);
    const run = new WaveRun(this.#plan.strategy, this.#steps, wave, {
      ...this.#deps,
      reader: this.#reader,
      heartbeat: this.#heartbeat,
    });
    const problem = await run.run();
    if (problem !== null && this.#heartbeat.end === null) return await this.#fail(problem, wave);
    const isLast = this.#nextWave().length === 0;
    if (!this.#mustStop && !isLast) await this.#rest(this.#plan.strategy.pauseMs);
    // All is done: only the end is left to write.
    return this.#mustStop && !(isLast && this.#heartbeat.end === null) ? await this.#stop() : null;
  }

  /** Empty: no step may begin any more. If skipped steps take all places, only what is under way may end. */
  #nextWave(): readonly StepTrack[] {
    const left = this.#left();
    const unserved = this.#steps.filter((step) => step.isFailedHalfWay).length;
    return unserved < this.#plan.strategy.maxUnavailable ? left : left.filter((step) => step.isMoving);
  }

  #left(): readonly StepTrack[] {
    const tried = this.#steps.filter((step) => !step.hasFailed);
    return nextWave(tried, this.#plan.strategy, this.#rollingBack);
  }

  async #load(rollingBack: boolean): Promise<void> {
    this.#rollingBack = rollingBack;
    this.#steps = (await this.#deps.journal.steps()).map((row) => new StepTrack(row, rollingBack));
  }

  async #finish(): Promise<WavesEnd> {
    if (this.#left().length > 0) return await this.#refuseRest();
    const skipped = this.#steps.filter((step) => step.hasFailed && !step.isEnded);
    if (skipped.length > 0) {
      await this.#deps.journal.pause("STEP_FAILED");
      const names = skipped.map(({ clusterId }) => clusterId).join(", ");
      return this.#end(
        "paused",
        `all other steps have ended; ${skipped.length} failed before and were skipped: ${names}`,
      );
    }
    await this.#deps.journal.end();
    this.#deps.events.onRow(await this.#deps.journal.row());
    return this.#end(this.#rollingBack ? "rolled-back" : "done", "");
  }

  /** To begin another step would make more clusters unavailable than the plan allows. */
  async #refuseRest(): Promise<WavesEnd> {
    const names = this.#steps.filter((step) => step.isFailedHalfWay).map(({ clusterId }) => clusterId);
    await this.#deps.journal.pause("STEP_FAILED");
    return this.#end(
      "paused",
      `no further step may begin: maxUnavailable is ${this.#plan.strategy.maxUnavailable}. ` +
        `Of the skipped steps, ${names.length} had begun, so their clusters are not served: ${names.join(", ")}`,
    );
  }

  /** A failed wave pauses the plan, or rolls it back. A failed rollback always pauses. */
  async #fail(problem: string, wave: readonly StepTrack[]): Promise<WavesEnd | null> {
    const { journal, runner, events } = this.#deps;
    this.#failed = [...this.#failed, ...wave.filter((step) => step.hasFailed).map((step) => step.present)];
    if (this.#rollingBack || this.#plan.strategy.onFailure === "pause") {
      await journal.pause("STEP_FAILED");
      return this.#end("paused", problem);
    }
    events.onWait(`${problem}: rolling back`);
    await journal.take(journal.fence, runner, true);
    await this.#load(true);
    this.#failed = [];
    return null;
  }

  get #mustStop(): boolean {
    return this.#heartbeat.end !== null || this.#deps.isStopping();
  }

  /** As another terminal or Ctrl-C wants it. */
  async #stop(): Promise<WavesEnd> {
    const { journal, isStopping } = this.#deps;
    const { end } = this.#heartbeat;
    if (end !== null) return this.#end(end.kind, end.why);
    assert(isStopping(), "a run that stops has a reason");
    await journal.pause("");
    return this.#end("paused", "");
  }

  /** Null once the preconditions hold; otherwise why they did not within a wave's time. */
  async #waitUntilFit(): Promise<string | null> {
    const { clock, health, events } = this.#deps;
    const endMs = clock.now() + this.#plan.strategy.waveTimeoutMs;
    for (let said = ""; ; ) {
      const why = unmet(this.#plan.preconditions, await health()).join("; ");
      if (why === "" || this.#mustStop) return null;
      if (clock.now() >= endMs) return why;
      if (why !== said) events.onWait(`waiting: ${why}`);
      said = why;
      await clock.sleep(LOOK_EVERY_MS);
      await this.#heartbeat.beat();
    }
  }

  async #rest(pauseMs: number): Promise<void> {
    const { clock, events } = this.#deps;
    if (pauseMs > 0) events.onWait(`pausing ${pauseMs / 1_000} s before the next wave`);
    const endMs = clock.now() + pauseMs;
    while (clock.now() < endMs && !this.#mustStop) {
      await clock.sleep(Math.min(LOOK_EVERY_MS, endMs - clock.now()));
      await this.#heartbeat.beat();
    }
  }

  #end(kind: WavesEnd["kind"], why: string): WavesEnd {
    return { kind, why, failed: this.#failed };
  }
}
