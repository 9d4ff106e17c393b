// A drill's report: what was seen, what was measured, which gates held. Its fields are a contract with scripts that
// read the JSON. Fields may be added. If one ever changes its meaning, the `schemaVersion` that is written with it
// rises.

import type { Linearizability } from "./linearizability.ts";
import type { Observation } from "./observation.ts";
import { type Gate, type GateName, type GateUnit, unitOf } from "./slo.ts";
import { requiredStages } from "./stages.ts";
import type { Durations, TimelineLine } from "./timeline.ts";
import type { WriteCounts, WriteVerdict } from "./verdict.ts";

export interface DrillReport {
  /** For example "kill-leader". */
  readonly drill: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly timeline: readonly TimelineLine[];
  readonly measured: Measured;
  readonly linearizability: Linearizability;
  readonly observed: Observation;
  readonly gates: readonly GateResult[];
  readonly verdict: "pass" | "fail";
}

interface Measured extends Durations {
  readonly writes: WriteCounts;
  readonly lost: number;
  readonly duplicated: number;
  readonly unexpected: number;
  /** Whether what clients were told contradicts itself: 1 or 0; null = it could not be decided. */
  readonly violations: number | null;
  /** Reads that missed writes which had been acknowledged before. */
  readonly staleReads: number;
}

interface GateResult extends Gate {
  readonly unit: GateUnit;
  /** null = it did not happen or is not known, which no limit allows. */
  readonly actual: number | null;
  readonly passed: boolean;
}

export interface DrillFindings {
  readonly drill: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly timeline: readonly TimelineLine[];
  readonly durations: Durations;
  readonly writes: WriteVerdict;
  readonly linearizability: Linearizability;
  readonly observed: Observation;
}

export function reportOf(findings: DrillFindings, gates: readonly Gate[]): DrillReport {
  const { drill, startedAt, timeline, durations, writes, linearizability, observed } = findings;
  const measured: Measured = {
    ...durations,
    writes: writes.counts,
    lost: writes.lost.length,
    duplicated: writes.duplicated.length,
    unexpected: writes.unexpected.length,
    violations: violationsOf(linearizability),
    staleReads: observed.staleReads,
  };
  const results = gates.map((gate) => checkGate(gate, measured));
  // What did not happen at all has failed, whatever the gates ask for.
  const isRecovered = requiredStages(observed.expects).every((stage) => observed.stages[stage] !== null);
  const isAsExpected = isRecovered && hasKeptPromises(observed);
  const verdict = isAsExpected && results.every(({ passed }) => passed) ? "pass" : "fail";
  return { drill, startedAt, timeline, measured, linearizability, observed, gates: results, verdict };
}

function hasKeptPromises({ acknowledgedMeanwhile, shardGaps, unmet }: Observation): boolean {
  return acknowledgedMeanwhile === 0 && shardGaps === 0 && unmet.length === 0;
}

function violationsOf({ verdict }: Linearizability): number | null {
  switch (verdict) {
    case "yes":
      return 0;
    case "no":
      return 1;
    case "unknown":
      return null;
  }
}

function checkGate(gate: Gate, measured: Measured): GateResult {
  const actual = measuredOf(gate.name, measured);
  return { ...gate, unit: unitOf(gate.name), actual, passed: actual !== null && actual <= gate.limit };
}

/** null = it did not happen or is not known. */
export function measuredOf(name: GateName, measured: Measured): number | null {
  switch (name) {
    case "election":
      return measured.faultToLeaderMs;
    case "first-write":
      return measured.faultToFirstWriteMs;
    case "catch-up":
      return measured.catchUpMs;
    case "lost":
      return measured.lost;
    case "duplicated":
      return measured.duplicated;
    case "unexpected":
      return measured.unexpected;
    case "failed":
      return measured.writes.failed;
    case "unknown":
      return measured.writes.unknown;
    case "violations":
      return measured.violations;
    case "stale-reads":
      return measured.staleReads;
  }
}
