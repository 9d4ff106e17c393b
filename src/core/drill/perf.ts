// What a fleet's rates and latencies were, and whether they are enough. Pure: samples and two looks at the disks in, a report
// out. What must stay true: a call that failed counts as an error and never as a latency.

import { quantileOf } from "./compare.ts";

export interface PerfSample {
  readonly tookMs: number;
  /** The error's name; null = it was answered. */
  readonly error: string | null;
}

/** "lone": one client writes, and waits for each answer. */
export type PerfPhaseName = "lone" | "writes" | "reads";

export interface PerfPhase {
  readonly phase: PerfPhaseName;
  readonly clients: number;
  readonly tookMs: number;
  readonly samples: readonly PerfSample[];
}

/** A disk's syncs since it was opened, as its node counts them. */
export interface DiskCounts {
  readonly node: string;
  readonly boundsMs: readonly number[];
  /** For each bound, how many took at most that long. */
  readonly cumulative: readonly number[];
  readonly count: number;
}

export interface PerfLook {
  readonly leader: string | null;
  /** Null: no node said it. */
  readonly term: number | null;
  readonly disks: readonly DiskCounts[];
}

export interface PerfLimits {
  /** Writes a second, at least. */
  readonly rateMin: number;
  /** 99 of 100 writes of many clients take at most this long. */
  readonly p99MaxMs: number;
}

interface PhaseReport {
  readonly phase: PerfPhaseName;
  readonly clients: number;
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly worstMs: number | null;
}

interface DiskReport {
  readonly node: string;
  readonly syncs: number;
  /** Upper bounds; null = no sync was counted, or it was slower than all bounds. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface PerfGate {
  readonly name: "writes-per-second" | "p99" | "errors" | "elections";
  readonly measured: number | null;
  readonly limit: number;
  readonly passed: boolean;
}

export interface PerfReport {
  readonly leader: string | null;
  readonly phases: readonly PhaseReport[];
  readonly disks: readonly DiskReport[];
  readonly errors: Readonly<Record<string, number>>;
  readonly gates: readonly PerfGate[];
  /** Why the probe rows could not be removed at the end: an error's name. Null: they were. */
  readonly rowsLeft: string | null;
  readonly verdict: "pass" | "fail";
}

export function perfReport(
  phases: readonly PerfPhase[],
  before: PerfLook,
  after: PerfLook,
  limits: PerfLimits,
): Omit<PerfReport, "rowsLeft"> {
  const reports = phases.map(phaseReport);
  const errors = errorCounts(phases);
  const writes = reports.find(({ phase }) => phase === "writes");
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
  const gates = [
    atLeast("writes-per-second", writes?.perSecond ?? null, limits.rateMin),
    atMost("p99", writes?.p99Ms ?? null, limits.p99MaxMs),
    atMost("errors", failed, 0),
    atMost("elections", electionsBetween(before.term, after.term), 0),
  ];
  const verdict = gates.every(({ passed }) => passed) ? "pass" : "fail";
  return { leader: after.leader, phases: reports, disks: diskReports(before, after), errors, gates, verdict };
}

/**
 * Each election begins a term, also one that the same node wins. Null: unknown. A node's term never falls, so if it did,
 * other nodes answered than before.
 */
function electionsBetween(before: number | null, after: number | null): number | null {
  return before === null || after === null || after < before ? null : after - before;
}

function phaseReport({ phase, clients, tookMs, samples }: PerfPhase): PhaseReport {
  const times = samples.filter(({ error }) => error === null).map((sample) => sample.tookMs);
  const at = (share: number): number | null => quantileOf(times, share);
  return {
    ...{ phase, clients, answered: times.length },
    perSecond: tookMs <= 0 ? 0 : (times.length * 1_000) / tookMs,
    ...{ p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), worstMs: at(1) },
  };
}

function errorCounts(phases: readonly PerfPhase[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { error } of phases.flatMap(({ samples }) => samples)) {
    if (error !== null) counts[error] = (counts[error] ?? 0) + 1;
  }
  return counts;
}

/** What each disk did between the two looks. A node that was restarted meanwhile counts from its start. */
function diskReports(before: PerfLook, after: PerfLook): DiskReport[] {
  return after.disks.map((now) => {
    const earlier = before.disks.find(({ node, count }) => node === now.node && count <= now.count);
    const counts = now.cumulative.map((count, at) => count - (earlier?.cumulative[at] ?? 0));
    const syncs = now.count - (earlier?.count ?? 0);
    const boundOf = (share: number): number | null => {
      const at = counts.findIndex((count) => syncs > 0 && count >= syncs * share);
      return at < 0 ? null : (now.boundsMs[at] ?? null);
    };
    return { node: now.node, syncs, p50Ms: boundOf(0.5), p99Ms: boundOf(0.99) };
  });
}

const atMost = (name: PerfGate["name"], measured: number | null, limit: number): PerfGate => ({
  ...{ name, measured, limit },
  passed: measured !== null && measured <= limit,
});

const atLeast = (name: PerfGate["name"], measured: number | null, limit: number): PerfGate => ({
  ...{ name, measured, limit },
  passed: measured !== null && measured >= limit,
});
