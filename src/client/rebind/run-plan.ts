// Executes a plan: looks, decides (core/rebind/next-step.ts), acts, looks again, wave by wave.
// What must stay true: nothing is remembered between looks that the fleet does not show itself, so a run that is
// broken off anywhere is finished by running it again.

import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "../../core/base/errors.ts";
import { type MoveObserved, type NextStep, nextStep } from "../../core/rebind/next-step.ts";
import { type Move, type RebindPlan, wavesOf } from "../../core/rebind/plan.ts";
import type { Operation } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ClusterView, ShardView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { AgentMover } from "./executor.ts";

const LOOK_EVERY_MS = 250;
const HEARING_MS = 8_000;

export interface RunOptions {
  readonly maxParallel: number;
  /** For each wave, in milliseconds. */
  readonly timeoutMs: number;
  readonly reason: string;
  /** Told when a move comes to another step. */
  readonly onStep: (move: Move, step: NextStep) => void;
}

interface MoveReport extends Move {
  readonly result: "done" | "blocked" | "timed-out" | "not-started";
  /** The step that it came to, with its reason when it is blocked. */
  readonly step: NextStep["step"] | "none";
  readonly why: string;
}

export interface RebindReport {
  readonly plan: string;
  readonly moves: readonly MoveReport[];
}

/** Runs waves until one of them does not end well; what follows it is not started. */
export async function runPlan(
  client: FleetClient,
  plan: RebindPlan,
  mover: AgentMover,
  options: RunOptions,
): Promise<RebindReport> {
  const reports: MoveReport[] = [];
  for (const wave of wavesOf(plan, options.maxParallel)) {
    const isWell = reports.every((report) => report.result === "done");
    const ended = isWell ? await new Wave(client, wave, mover, options).run() : wave.map(notStarted);
    reports.push(...ended);
  }
  return { plan: plan.name, moves: reports };
}

/** What each move's next step would be, without acting. */
export async function previewPlan(
  client: FleetClient,
  plan: RebindPlan,
  mover: AgentMover,
): Promise<RebindReport> {
  const fleet = await look(client);
  const moves = await Promise.all(
    plan.moves.map(async (move): Promise<MoveReport> => {
      const step = nextStep(move, await observe(fleet, move, mover, false));
      return {
        ...move,
        result: step.step === "blocked" ? "blocked" : "not-started",
        step: step.step,
        why: whyOf(step),
      };
    }),
  );
  return { plan: plan.name, moves };
}

class Wave {
  readonly #client: FleetClient;
  readonly #mover: AgentMover;
  readonly #options: RunOptions;
  readonly #steps: Map<Move, NextStep | null>;
  readonly #movedAgents = new Set<Move>();

  constructor(client: FleetClient, moves: readonly Move[], mover: AgentMover, options: RunOptions) {
    this.#client = client;
    this.#mover = mover;
    this.#options = options;
    this.#steps = new Map(moves.map((move) => [move, null]));
  }

  async run(): Promise<MoveReport[]> {
    const endMs = performance.now() + this.#options.timeoutMs;
    for (;;) {
      const acted = await this.#round();
      if ([...this.#steps.values()].every(isFinal) || performance.now() >= endMs) break;
      if (!acted) await sleep(LOOK_EVERY_MS);
    }
    return [...this.#steps].map(([move, step]) => reportOf(move, step));
  }

  /** One look at the fleet, and the next step of every move; whether any of them changed something. */
  async #round(): Promise<boolean> {
    const fleet = await look(this.#client);
    const acted = await Promise.all(
      [...this.#steps].map(async ([move, before]) => {
        if (isFinal(before)) return false;
        const seen = await observe(fleet, move, this.#mover, this.#movedAgents.has(move));
        const step = nextStep(move, seen);
        if (step.step !== before?.step) this.#options.onStep(move, step);
        this.#steps.set(move, step);
        return this.#act(move, step, fleet);
      }),
    );
    return acted.includes(true);
  }

  async #act(move: Move, step: NextStep, fleet: Fleet): Promise<boolean> {
    switch (step.step) {
      case "begin":
        await this.#submit(beginRebind(move, step.supersedes));
        return true;
      case "move-agent":
        await this.#mover.moveAgent(move, fleet.addresses.get(move.to) ?? "");
        this.#movedAgents.add(move);
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

  // Somebody else may have changed the binding since the look: the next look finds out, and says so.
  async #submit(operation: Operation): Promise<void> {
    try {
      await this.#client.submit(operation, { reason: this.#options.reason });
    } catch (error) {
      if (!(error instanceof OperatorError) || !LOST_RACES.has(error.code)) throw error;
    }
  }
}

const LOST_RACES = new Set(["OWNER_CHANGED", "MIGRATION_UNDER_WAY"]);

interface Fleet {
  readonly clusters: ReadonlyMap<string, Omit<MoveObserved, "reporting" | "agentMoved">>;
  readonly reporting: ReadonlySet<string>;
  readonly addresses: ReadonlyMap<string, string>;
}

// A leader that has just begun has not heard every shard: deciding then would take silence for absence. A shard
// that stays silent for longer than reports are apart is taken for what it is.
async function look(client: FleetClient): Promise<Fleet> {
  const endMs = performance.now() + HEARING_MS;
  for (;;) {
    const [{ shards }, { clusters, observedComplete }] = await Promise.all([
      client.listShards(),
      client.listClusters(),
    ]);
    if (observedComplete || performance.now() >= endMs) return fleetOf(shards, clusters);
    await sleep(LOOK_EVERY_MS);
  }
}

function fleetOf(shards: readonly ShardView[], clusters: readonly ClusterView[]): Fleet {
  const rows = shards.flatMap(({ shard, observed }) => (shard ? [{ shard, observed }] : []));
  return {
    clusters: new Map(
      clusters.map(({ clusterId, declared, observed }) => [
        clusterId,
        { binding: declared ?? null, observed },
      ]),
    ),
    reporting: new Set(rows.filter((row) => row.observed !== undefined).map((row) => row.shard.shardId)),
    addresses: new Map(rows.map(({ shard }) => [shard.shardId, shard.address])),
  };
}

async function observe(fleet: Fleet, move: Move, mover: AgentMover, moved: boolean): Promise<MoveObserved> {
  const cluster = fleet.clusters.get(move.cluster) ?? { binding: null, observed: [] };
  const address = fleet.addresses.get(move.to) ?? "";
  const agentMoved = moved || (await mover.isMoved(move, address));
  return { ...cluster, reporting: fleet.reporting, agentMoved };
}

function beginRebind(move: Move, supersedes: string): Operation {
  const { cluster: clusterId, from: fromShard, to: toShard, migrationId } = move;
  const value = { clusterId, fromShard, toShard, migrationId, supersedes };
  return { kind: { $case: "beginRebind", value } };
}

function isFinal(step: NextStep | null): boolean {
  return step?.step === "done" || step?.step === "blocked";
}

function reportOf(move: Move, step: NextStep | null): MoveReport {
  if (step === null) return notStarted(move);
  const result = step.step === "done" ? "done" : step.step === "blocked" ? "blocked" : "timed-out";
  return { ...move, result, step: step.step, why: whyOf(step) };
}

function whyOf(step: NextStep): string {
  if (step.step === "blocked") return `${step.reason}: ${step.why}`;
  return "why" in step ? step.why : "";
}

const notStarted = (move: Move): MoveReport => ({
  ...move,
  result: "not-started",
  step: "none",
  why: "an earlier wave did not end well",
});
