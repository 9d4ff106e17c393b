// A plan of a migration in waves, version 2 of plan files. It says what it was made from, what must hold, and how it
// proceeds. Each move has the version that its cluster's binding must have. The journal of its execution is in the
// fleet (ADR-0040). The client reads and writes the YAML.

import type { Executor } from "../plan.ts";

interface WaveBase {
  /** The fleet's incarnation. */
  readonly clusterId: string;
  /** The log index of the reads. */
  readonly revision: number;
  /** Of all bindings then: if it is still the same, no binding has changed. */
  readonly bindingsHash: string;
}

export interface Preconditions {
  /** Voters that may still fail. */
  readonly quorumMargin: number;
  /** Entries that a voter may be behind; absent = any. */
  readonly lagMax?: number;
  /** How long the leader must have led. */
  readonly quietMs: number;
  /** Free machines that each target needs. */
  readonly rooms: Readonly<Record<string, number>>;
}

export interface Strategy {
  /** Steps of the first wave; 0 = like any other. */
  readonly canary: number;
  readonly wave: number;
  /** Clusters that may be under way at the same time. */
  readonly maxUnavailable: number;
  /** Between two waves. */
  readonly pauseMs: number;
  /** No step begins while commits take longer, or a voter is further behind; absent = any. */
  readonly throttleLatencyMs?: number;
  readonly throttleLag?: number;
  readonly onFailure: "pause" | "rollback";
  readonly waveTimeoutMs: number;
}

export interface WaveMove {
  readonly cluster: string;
  readonly from: string;
  readonly to: string;
  /** Of the cluster's binding when the step begins. */
  readonly version: number;
}

export interface WavePlan {
  readonly version: 2;
  readonly name: string;
  readonly executor: Executor;
  readonly base: WaveBase;
  readonly preconditions: Preconditions;
  readonly strategy: Strategy;
  readonly moves: readonly WaveMove[];
}

/** As in the fleet's tables (src/core/fleet/limits.ts). */
export const WAVE_MOVES_MAX = 50_000;

export const STRATEGY: Strategy = {
  canary: 1,
  wave: 10,
  maxUnavailable: 10,
  pauseMs: 0,
  onFailure: "pause",
  waveTimeoutMs: 120_000,
};

/** A lost follower must not stop a fleet of three in the middle of a migration. */
export const PRECONDITIONS: Preconditions = { quorumMargin: 1, quietMs: 5_000, rooms: {} };
