// Rounds of several measures, interleaved. Each round gives each store its turn at each measure, so a noisy minute of
// the machine falls on all of them.

import { setTimeout as sleep } from "node:timers/promises";
import type { Sample } from "../load/generate.ts";
import { median, quantile } from "../statistics.ts";

const PAUSE_MS = 200;

/** One row of the table, of one store. */
export interface Measure {
  readonly row: string;
  readonly store: "etcd" | "fleet" | "zookeeper";
  take(): Promise<Sample>;
}

export interface Measured {
  readonly perSecond: number;
  readonly lowest: number;
  readonly highest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** By row. */
export type Compared = ReadonlyMap<string, Readonly<Record<Measure["store"], Measured>>>;

export async function interleave(measures: readonly Measure[], rounds: number): Promise<Compared> {
  const samples = new Map<Measure, Sample[]>(measures.map((measure) => [measure, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [measure, taken] of round % 2 === 0 ? samples : [...samples].reverse()) {
      taken.push(await measure.take());
      await sleep(PAUSE_MS);
    }
  }
  const rows = [...new Set(measures.map(({ row }) => row))];
  const of = (row: string, store: Measure["store"]) =>
    middle(
      measures
        .filter((one) => one.row === row && one.store === store)
        .flatMap((one) => samples.get(one) ?? []),
    );
  const measured = (row: string) => ({
    etcd: of(row, "etcd"),
    fleet: of(row, "fleet"),
    zookeeper: of(row, "zookeeper"),
  });
  return new Map(rows.map((row) => [row, measured(row)]));
}

/** Of a store that was not there: not a number. */
function middle(samples: readonly Sample[]): Measured {
  const rates = samples.map(({ latenciesMs, elapsedMs }) => (latenciesMs.length * 1_000) / elapsedMs);
  const medianOf = (values: readonly number[]) => (values.length === 0 ? Number.NaN : median(values));
  return {
    perSecond: medianOf(rates),
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
    p50Ms: medianOf(samples.map(({ latenciesMs }) => quantile(latenciesMs, 0.5))),
    p99Ms: medianOf(samples.map(({ latenciesMs }) => quantile(latenciesMs, 0.99))),
  };
}
