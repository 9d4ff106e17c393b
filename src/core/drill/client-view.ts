// A drill as its clients saw it: each one's longest wait, errors by kind, acknowledged writes over time, and reads that
// missed an acknowledged write. Pure.

import type { HistoryEvent } from "./register-history.ts";

/** The longest time in which one client had no success. */
export interface ClientGap {
  readonly client: string;
  readonly longestGapMs: number;
  /** When it began, on the drill's clock. */
  readonly fromMs: number;
}

/** One write of the steady writer. */
export interface WriteSample {
  readonly number: number;
  readonly begunMs: number;
  /** null = it was not acknowledged. */
  readonly acknowledgedMs: number | null;
}

/** What happened in one slice of the drill. */
export interface Slice {
  readonly atMs: number;
  readonly acknowledged: number;
  /** Of the writes that were acknowledged in it. */
  readonly medianMs: number | null;
  readonly worstMs: number | null;
}

/** A read of all rows that did not show what had been acknowledged before it began. */
export interface StaleRead {
  readonly begunMs: number;
  readonly missing: readonly number[];
}

const SLICE_MS = 100;

export function gapOf(client: string, successes: readonly number[], fromMs: number, toMs: number): ClientGap {
  const moments = [fromMs, ...successes.filter((atMs) => atMs >= fromMs && atMs <= toMs), toMs];
  let longest = { longestGapMs: 0, fromMs };
  for (const [at, moment] of moments.entries()) {
    const before = moments[at - 1] ?? moment;
    if (moment - before > longest.longestGapMs) longest = { longestGapMs: moment - before, fromMs: before };
  }
  return { client, ...longest };
}

/** Of the steady writer, and of each client of the registers. */
export function gapsOf(
  writes: readonly WriteSample[],
  events: readonly HistoryEvent[],
  fromMs: number,
  toMs: number,
): readonly ClientGap[] {
  const acknowledged = writes.flatMap(({ acknowledgedMs }) => acknowledgedMs ?? []).toSorted((a, b) => a - b);
  const processes = [...new Set(events.map(({ process }) => process))].sort((a, b) => a - b);
  return [
    gapOf("writer", acknowledged, fromMs, toMs),
    ...processes.flatMap((process) => {
      const successes = events.filter((event) => event.process === process && event.type === "ok");
      // No client waits for the last reads, after the drill.
      return successes.some(({ atMs }) => atMs <= toMs)
        ? [
            gapOf(
              `client-${process + 1}`,
              successes.map(({ atMs }) => atMs),
              fromMs,
              toMs,
            ),
          ]
        : [];
    }),
  ];
}

export function slicesOf(writes: readonly WriteSample[], fromMs: number, toMs: number): readonly Slice[] {
  const count = Math.max(1, Math.ceil((toMs - fromMs) / SLICE_MS));
  const waits: number[][] = Array.from({ length: count }, () => []);
  for (const { begunMs, acknowledgedMs } of writes) {
    if (acknowledgedMs === null) continue;
    waits[Math.floor((acknowledgedMs - fromMs) / SLICE_MS)]?.push(acknowledgedMs - begunMs);
  }
  return waits.map((found, at) => {
    const sorted = found.toSorted((a, b) => a - b);
    return {
      atMs: at * SLICE_MS,
      acknowledged: sorted.length,
      medianMs: sorted[Math.floor(sorted.length / 2)] ?? null,
      worstMs: sorted.at(-1) ?? null,
    };
  });
}

/** Null: the read shows all that was acknowledged before it began. */
export function judgeRead(
  begunMs: number,
  acknowledgedBefore: Iterable<number>,
  seen: ReadonlySet<number>,
): StaleRead | null {
  const missing = [...acknowledgedBefore].filter((number) => !seen.has(number));
  return missing.length === 0 ? null : { begunMs, missing };
}

/** Codes of errors, and how often each came. */
export type ErrorCounts = Readonly<Record<string, number>>;

export function addCounts(...all: readonly ErrorCounts[]): ErrorCounts {
  const sum = new Map<string, number>();
  for (const counts of all) {
    for (const [code, count] of Object.entries(counts)) sum.set(code, (sum.get(code) ?? 0) + count);
  }
  return Object.fromEntries([...sum].sort(([left], [right]) => (left < right ? -1 : 1)));
}
