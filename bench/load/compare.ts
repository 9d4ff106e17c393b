// Stores under load, interleaved. Every round gives every store its turn at every level, so a noisy minute of the
// machine falls on all of them. A level's numbers are the medians of its rounds.

import { setTimeout as sleep } from "node:timers/promises";
import { present } from "../../src/core/base/assert.ts";
import { median, quantile } from "../statistics.ts";
import { generate } from "./generate.ts";
import { type Store, settledLeader, type Writer } from "./store.ts";

const WARM_UP_MS = 1_000;
const MEASURE_MS = 3_000;
const PAUSE_MS = 200;

export interface Level extends Round {
  /** Writes a second of the slowest and of the fastest round. */
  readonly lowest: number;
  readonly highest: number;
}

interface Round {
  readonly writesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all servers together, a write; NaN where the machine does not tell. */
  readonly serverCpuUs: number;
  readonly clientCpuUs: number;
}

/** One store's results by the number of writes outstanding. */
export type Levels = ReadonlyMap<number, Level>;

export async function compare(
  stores: readonly Store[],
  outstanding: readonly number[],
  rounds: number,
): Promise<ReadonlyMap<Store, Levels>> {
  const turns = await Promise.all(stores.map(takeTurn));
  try {
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? turns : turns.toReversed();
      for (const level of outstanding) {
        for (const turn of order) await turn.measure(level);
      }
    }
    return new Map(turns.map((turn) => [turn.store, turn.medians()]));
  } finally {
    for (const turn of turns) turn.writer.close();
  }
}

interface Turn {
  readonly store: Store;
  readonly writer: Writer;
  measure(outstanding: number): Promise<void>;
  medians(): Levels;
}

async function takeTurn(store: Store): Promise<Turn> {
  const writer = await store.connect(await settledLeader(store));
  const measured = new Map<number, Round[]>();
  return {
    store,
    writer,
    measure: async (outstanding) => {
      const rounds = measured.get(outstanding) ?? [];
      measured.set(outstanding, [...rounds, await measure(store, writer, outstanding)]);
      await sleep(PAUSE_MS);
    },
    medians: () => new Map([...measured].map(([outstanding, rounds]) => [outstanding, medianLevel(rounds)])),
  };
}

async function measure(store: Store, writer: Writer, outstanding: number): Promise<Round> {
  await generate(writer, outstanding, (_, elapsedMs) => elapsedMs >= WARM_UP_MS);
  const serversBefore = cpuMsOf(store);
  const clientBefore = process.cpuUsage();
  const { latenciesMs, elapsedMs } = await generate(writer, outstanding, (_, ms) => ms >= MEASURE_MS);
  const { user, system } = process.cpuUsage(clientBefore);
  const serverCpuMs = cpuMsOf(store) - serversBefore;
  const writes = latenciesMs.length;
  return {
    writesPerSecond: (writes * 1_000) / elapsedMs,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    serverCpuUs: (serverCpuMs * 1_000) / writes,
    clientCpuUs: (user + system) / writes,
  };
}

function cpuMsOf(store: Store): number {
  return store.servers.reduce((sum, server) => sum + (server.usage()?.cpuMs ?? Number.NaN), 0);
}

function medianLevel(rounds: readonly Round[]): Level {
  const of = (key: keyof Round) => median(rounds.map((round) => round[key]));
  const rates = rounds.map((round) => round.writesPerSecond);
  return {
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
    writesPerSecond: of("writesPerSecond"),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    serverCpuUs: of("serverCpuUs"),
    clientCpuUs: of("clientCpuUs"),
  };
}

/** The level of `levels` with so many writes outstanding. */
export function levelAt(levels: Levels, outstanding: number): Level {
  return present(levels.get(outstanding), "a level that was asked for was measured");
}
