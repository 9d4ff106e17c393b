// What one run came to.

import { messageOf } from "../base/errors.ts";
import { LivenessFailure, SafetyViolation } from "./violation.ts";

export type RunVerdict = "ok" | "safety" | "liveness" | "crash";

export interface RunResult {
  readonly seed: number;
  readonly verdict: RunVerdict;
  /** The broken property, or what else went wrong. */
  readonly what: string;
  readonly stack: string;
  readonly traceHash: string;
  readonly lastLines: readonly string[];
  readonly simulatedMs: number;
  readonly counts: {
    readonly steps: number;
    readonly writes: number;
    readonly reads: number;
    readonly terms: number;
    readonly committed: number;
    /** Operations that went through the linearizability checker. */
    readonly judged: number;
    /** Leases that ended by themselves, and events that watches got. */
    readonly leasesEnded: number;
    readonly eventsTold: number;
    /** Steps of plans in waves. */
    readonly advanced: number;
    /** How often a follower's group became quiescent. */
    readonly quiesced: number;
    /** How often leadership left a slow disk. */
    readonly handOvers: number;
  };
  /** False if the final configuration had no quorum that could be asked to get on. */
  readonly wasHealed: boolean;
}

export function verdictOf(error: unknown): RunVerdict {
  if (error === null) return "ok";
  if (error instanceof SafetyViolation) return "safety";
  return error instanceof LivenessFailure ? "liveness" : "crash";
}

export function describe(error: unknown): string {
  if (error instanceof SafetyViolation) return `${error.property}: ${error.message}`;
  return messageOf(error);
}
