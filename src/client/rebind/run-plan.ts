// Executes a plan wave by wave: reads the state, decides (core/rebind/next-step.ts), acts, and reads again.
// What must stay true: everything that is remembered between reads is also in the fleet's state. So a run
// that stops anywhere is finished by running it again. One move's failure does not hide the others.

import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "../../core/base/errors.ts";
import type { NextStep } from "../../core/rebind/next-step.ts";
import { type Move, type RebindPlan, wavesOf } from "../../core/rebind/plan.ts";
import type { Operation } from "../../core/wire/gen/fleet/v1/command.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { AgentMover } from "./executor.ts";
import { type Fleet, FleetReader, type FleetReads, type OnWait, targetAddress } from "./look.ts";
import { outcomeOf, type RebindOutcome, Track } from "./track.ts";

const LOOK_EVERY_MS = 250;
const SUBMIT_MS_MIN = 1_000;

export interface RunOptions {
  readonly maxParallel: number;
  /** For each wave, in milliseconds. A running command of an executor may exceed it. */
  readonly timeoutMs: number;
  readonly reason: string;
  /** Called when a move reaches another step. */
  readonly onStep: (move: Move, step: NextStep) => void;
  /** Called with the shards that a new leader has yet to hear. */
  readonly onWait?: OnWait;
  /** Ends the run early: what was begun stays as it is, and another run finishes it. */
  readonly signal?: AbortSignal;
}

/** The fleet's methods that running a plan needs. */
export type RebindClient = FleetReads & Pick<FleetClient, "submit">;

/** Runs waves until one of them fails; the waves after it are not started. */
export async function runPlan(
  client: RebindClient,
  plan: RebindPlan,
  mover: AgentMover,
  options: RunOptions,
): Promise<RebindOutcome> {
  const reader = new FleetReader(client, options.onWait);
  const ended: Track[] = [];
  let isWell = true;
  for (const moves of wavesOf(plan, options.maxParallel)) {
    const tracks = moves.map((move) => new Track(move));
    if (isWell) await new Wave(client, reader, tracks, mover, options).run();
    isWell &&= tracks.every((track) => track.isDone) && options.signal?.aborted !== true;
    ended.push(...tracks);
  }
  return outcomeOf(plan, ended);
}

/** The outcome of a plan whose clusters were not started. */
export function unstarted(plan: RebindPlan): RebindOutcome {
  return outcomeOf(
    plan,
    plan.moves.map((move) => new Track(move)),
  );
}

/** What each move's next step would be, without acting. */
export async function previewPlan(
  client: RebindClient,
  plan: RebindPlan,
  mover: AgentMover,
  timeoutMs: number,
  onWait?: OnWait,
): Promise<RebindOutcome> {
  const fleet = await new FleetReader(client, onWait).look(performance.now() + timeoutMs);
  const tracks = plan.moves.map((move) => new Track(move));
  for (const track of tracks) {
    const step = track.decide(fleet);
    if (step.step === "begin" || step.step === "move-agent") {
      await track.guard(() => mover.check(track.move, targetAddress(fleet, track.move)));
    }
  }
  const { report, error } = outcomeOf(plan, tracks);
  const moves = report.moves.map((move) =>
    move.result === "timed-out" ? { ...move, result: "not-started" as const } : move,
  );
  return { report: { ...report, moves }, error };
}

/** What each move's next step would be, as far as the fleet shows it. */
export async function lookAtPlan(
  client: RebindClient,
  plan: RebindPlan,
  timeoutMs: number,
  onWait?: OnWait,
): Promise<readonly NextStep[]> {
  const fleet = await new FleetReader(client, onWait).look(performance.now() + timeoutMs);
  return plan.moves.map((move) => new Track(move).decide(fleet));
}

class Wave {
  readonly #client: RebindClient;
  readonly #reader: FleetReader;
  readonly #tracks: readonly Track[];
  readonly #mover: AgentMover;
  readonly #options: RunOptions;
  readonly #endMs: number;

  constructor(
    client: RebindClient,
    reader: FleetReader,
    tracks: readonly Track[],
    mover: AgentMover,
    options: RunOptions,
  ) {
    this.#client = client;
    this.#reader = reader;
    this.#tracks = tracks;
    this.#mover = mover;
    this.#options = options;
    this.#endMs = performance.now() + options.timeoutMs;
  }

  async run(): Promise<void> {
    for (;;) {
      const acted = await this.#round();
      if (this.#tracks.every((track) => track.isFinal) || performance.now() >= this.#endMs) return;
      if (this.#options.signal?.aborted === true) return;
      if (!acted) await sleep(LOOK_EVERY_MS);
    }
  }

  /**
   * One read of the fleet, and the next step of every move; returns whether any of them changed something.
   */
  async #round(): Promise<boolean> {
    const open = this.#tracks.filter((track) => !track.isFinal);
    const fleet = await this.#look(open);
    if (fleet === null) return false;
    const acted = await Promise.all(open.map((track) => this.#advance(track, fleet)));
    return acted.includes(true);
  }

  /** A failing read fails every unfinished move. */
  async #look(open: readonly Track[]): Promise<Fleet | null> {
    try {
      return await this.#reader.look(this.#endMs);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      for (const track of open) track.error = error;
      return null;
    }
  }

  async #advance(track: Track, fleet: Fleet): Promise<boolean> {
    const before = track.step?.step;
    const step = track.decide(fleet);
    if (step.step !== before) this.#options.onStep(track.move, step);
    let acted = false;
    await track.guard(async () => {
      acted = await this.#act(track, step, fleet);
    });
    return acted;
  }

  /** Returns whether it changed something. */
  async #act(track: Track, step: NextStep, fleet: Fleet): Promise<boolean> {
    const { move } = track;
    switch (step.step) {
      case "begin":
        // If the executor can't act, that should be known before the owner is declared.
        await this.#mover.check(move, targetAddress(fleet, move));
        await this.#submit(beginRebind(move, step.supersedes));
        return true;
      case "move-agent":
        await this.#mover.moveAgent(move, targetAddress(fleet, move));
        track.hasMovedAgent = true;
        return true;
      case "settle": {
        const { cluster: clusterId, migrationId } = move;
        await this.#submit({ kind: { $case: "settleRebind", value: { clusterId, migrationId } } });
        return true;
      }
      case "wait-session":
      case "wait-release":
      case "done":
      case "blocked":
        return false;
    }
  }

  // Another client may have changed the binding since: the next read shows it.
  async #submit(operation: Operation): Promise<void> {
    const deadlineMs = Math.max(SUBMIT_MS_MIN, this.#endMs - performance.now());
    try {
      await this.#client.submit(operation, { reason: this.#options.reason, deadlineMs });
    } catch (error) {
      if (!(error instanceof OperatorError) || !LOST_RACES.has(error.code)) throw error;
    }
  }
}

// The cluster may also have been unbound.
const LOST_RACES = new Set(["OWNER_CHANGED", "MIGRATION_UNDER_WAY", "CLUSTER_UNKNOWN"]);

function beginRebind(move: Move, supersedes: string): Operation {
  const { cluster: clusterId, from: fromShard, to: toShard, migrationId } = move;
  const value = { clusterId, fromShard, toShard, migrationId, supersedes };
  return { kind: { $case: "beginRebind", value } };
}
