// Writes a second of a fleet and of etcd, three processes each, on this machine in the same minutes, by the same
// load generator: a grpc-js client that shares the two clusters' cores and so hides a part of every difference.
// Fleet is written to in both of its ways, one call a write, which is the only way that etcd has for puts, and the
// stream that fleet's own client uses. Then the failover of both, and what they take of the machine.

import { compare, type Level, type Levels, levelAt } from "./load/compare.ts";
import { EtcdStore } from "./load/etcd-store.ts";
import { failover } from "./load/failover.ts";
import { findEtcd } from "./load/find-etcd.ts";
import { FleetStore } from "./load/fleet-store.ts";
import type { Way } from "./load/fleet-writer.ts";
import type { Store } from "./load/store.ts";
import { median } from "./statistics.ts";
import { formatRange, type Table } from "./table.ts";

const WAYS: readonly Way[] = ["unary", "write stream"];
const OUTSTANDING = [1, 16, 64, 256] as const;
const ROUNDS = 5;
const FAILOVERS = 9;
const MEGABYTE = 1024 * 1024;

/** What one store came to. */
interface Result {
  readonly store: string;
  readonly levels: Levels;
  /** Mean of the servers. */
  readonly idleMegabytes: number;
  readonly loadedMegabytes: number;
  readonly failoversMs: readonly number[];
}

export async function benchLoad(): Promise<readonly Table[]> {
  const results = await measureTogether();
  const mutualTls = await FleetStore.start({ nodes: 3, tls: "mutual" });
  try {
    results.push(...(await underLoad(WAYS.map((way) => mutualTls.driven(way)))));
  } finally {
    await mutualTls.dispose();
  }
  const etcd = results.find((result) => result.store.startsWith("etcd"));
  const fleets = WAYS.flatMap((way) => results.filter((result) => result.store === `fleet, ${way}`));
  const tables = [throughputTable(results, etcd), costTable(results), failoverTable(results)];
  return etcd ? [...tables, goalTable(fleets, etcd)] : tables;
}

/** Fleet and etcd, if there is one, both in plaintext, both running all the time. */
async function measureTogether(): Promise<Result[]> {
  const etcd = findEtcd();
  const started: Store[] = [];
  try {
    if (etcd !== null) started.push(await EtcdStore.start(etcd));
    const fleet = await FleetStore.start({ nodes: 3, tls: "plaintext" });
    const stores = [...started, ...WAYS.map((way) => fleet.driven(way))];
    started.push(fleet);
    const results = await underLoad(stores);
    const failovers = await killInTurn(stores);
    return results.map((result, at) => ({ ...result, failoversMs: failovers[at] ?? [] }));
  } finally {
    await Promise.all(started.map((store) => store.dispose()));
  }
}

async function underLoad(stores: readonly Store[]): Promise<Result[]> {
  const idle = stores.map(residentMegabytes);
  const compared = await compare(stores, OUTSTANDING, ROUNDS);
  return stores.map((store, at) => ({
    store: store.name,
    levels: compared.get(store) ?? new Map(),
    idleMegabytes: idle[at] ?? Number.NaN,
    loadedMegabytes: residentMegabytes(store),
    failoversMs: [],
  }));
}

async function killInTurn(stores: readonly Store[]): Promise<readonly number[][]> {
  const failoversMs: number[][] = stores.map(() => []);
  for (let run = 0; run < FAILOVERS; run += 1) {
    for (const [at, store] of stores.entries()) failoversMs[at]?.push(await failover(store));
  }
  return failoversMs;
}

function residentMegabytes({ servers }: Store): number {
  const bytes = servers.reduce((sum, server) => sum + (server.usage()?.residentBytes ?? Number.NaN), 0);
  return bytes / servers.length / MEGABYTE;
}

function throughputTable(results: readonly Result[], etcd: Result | undefined): Table {
  return {
    title: `Acknowledged writes a second, medians of ${ROUNDS} rounds (lowest–highest)`,
    header: ["outstanding", "store and client", "writes/s", "÷ etcd", "p50", "p99"],
    rows: OUTSTANDING.flatMap((outstanding) =>
      results.map(({ store, levels }) => {
        const level = levelAt(levels, outstanding);
        const ratio = etcd && level.writesPerSecond / levelAt(etcd.levels, outstanding).writesPerSecond;
        const rate = formatRange(level.writesPerSecond, level.lowest, level.highest);
        return [String(outstanding), store, rate, times(ratio), ms(level.p50Ms), ms(level.p99Ms)];
      }),
    ),
  };
}

function costTable(results: readonly Result[]): Table {
  const cpu = (level: Level) => `${whole(level.serverCpuUs)} + ${whole(level.clientCpuUs)}`;
  const columns = OUTSTANDING.map((outstanding) => `CPU µs a write, ${outstanding} outstanding`);
  return {
    title:
      "Cost: CPU of the three servers together + of the client, and the mean resident memory of a server",
    header: ["store and client", ...columns, "RSS idle", "RSS after load"],
    rows: results.map(({ store, levels, idleMegabytes, loadedMegabytes }) => [
      store,
      ...OUTSTANDING.map((outstanding) => cpu(levelAt(levels, outstanding))),
      `${whole(idleMegabytes)} MB`,
      `${whole(loadedMegabytes)} MB`,
    ]),
  };
}

function failoverTable(results: readonly Result[]): Table {
  const measured = results.filter(({ failoversMs }) => failoversMs.length > 0);
  return {
    title: "Failover: SIGKILL of the leader → first acknowledged write",
    header: ["store and client", "runs", "median", "fastest", "slowest"],
    rows: measured.map(({ store, failoversMs }) => [
      store,
      String(failoversMs.length),
      `${whole(median(failoversMs))} ms`,
      `${whole(Math.min(...failoversMs))} ms`,
      `${whole(Math.max(...failoversMs))} ms`,
    ]),
  };
}

function goalTable(fleets: readonly Result[], etcd: Result): Table {
  return {
    title: "Fleet relative to etcd",
    header: ["client", "what", "to reach", "measured", "reached"],
    rows: fleets.flatMap((fleet) => goalRows(fleet, etcd).map((row) => [fleet.store, ...row])),
  };
}

function goalRows(fleet: Result, etcd: Result): readonly string[][] {
  const at = (result: Result, outstanding: number) => levelAt(result.levels, outstanding);
  const throughput = at(fleet, 64).writesPerSecond / at(etcd, 64).writesPerSecond;
  const latency = at(fleet, 1).p50Ms / at(etcd, 1).p50Ms;
  const failovers = median(fleet.failoversMs) / median(etcd.failoversMs);
  return [
    ["throughput, 64 outstanding", "≥ 1.3×", times(throughput), yesNo(throughput >= 1.3)],
    ["p50, 1 outstanding", "≤ 1.2×", times(latency), yesNo(latency <= 1.2)],
    ["failover, median", "≤ 0.5×", times(failovers), yesNo(failovers <= 0.5)],
  ];
}

const whole = (value: number): string => value.toFixed(0);
const ms = (value: number): string => `${value.toFixed(1)} ms`;
const times = (ratio: number | undefined): string => (ratio === undefined ? "–" : `${ratio.toFixed(2)}×`);
const yesNo = (isReached: boolean): string => (isReached ? "yes" : "no");
