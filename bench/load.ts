// Writes a second of a fleet and of etcd, three processes each, on this machine in the same minutes. One load
// generator drives both. It is a grpc-js client that shares the two clusters' cores, so it hides a part of every
// difference. Fleet is measured in both of its ways. One is a call for each write, the only way that etcd has for
// puts; the other is the stream of fleet's own client. Each is compared with etcd on the same transport, in plaintext
// or with mutual TLS. Then the failover of both, and what they take of the machine. With `--before FOLDER`, another
// checkout that was built, the fleets of both trees have their turns in the same rounds.

import { setTimeout as sleep } from "node:timers/promises";
import { present } from "../src/core/base/assert.ts";
import { UsageWatch } from "./lab/usage.ts";
import { compare, type Level, type Levels, levelAt } from "./load/compare.ts";
import { EtcdStore } from "./load/etcd-store.ts";
import { failover } from "./load/failover.ts";
import { findEtcd } from "./load/find-etcd.ts";
import { FleetStore } from "./load/fleet-store.ts";
import type { Way } from "./load/fleet-writer.ts";
import type { Store } from "./load/store.ts";
import { median } from "./statistics.ts";
import { formatRange, type Table } from "./table.ts";

const STREAM: Way = "write stream";
const SECURE = "mutual TLS";
const BEFORE = "fleet before";
const WAYS: readonly Way[] = ["unary", STREAM];
const OUTSTANDING = [1, 16, 64, 256] as const;
const ROUNDS = 5;
const FAILOVERS = 9;
const SETTLE_MS = 20_000;
const IDLE_MS = 20_000;
const MEGABYTE = 1e6;

/** What one store came to. */
interface Result {
  readonly store: string;
  readonly levels: Levels;
  /** Means of the servers. */
  readonly idleCpuShare: number;
  readonly idleMegabytes: number;
  readonly loadedMegabytes: number;
  readonly failoversMs: readonly number[];
}

/** `before`: the folder of another checkout. */
export async function benchLoad(before?: string): Promise<readonly Table[]> {
  const results = await measureTogether(before);
  const tables = [throughputTable(results), costTable(results), failoverTable(results)];
  if (before !== undefined) tables.push(changeTable(results));
  return results.some(isEtcd) ? [...tables, goalTable(results)] : tables;
}

/** Etcd, if there is one, and fleet, in plaintext and with mutual TLS: all of them running all the time. */
async function measureTogether(before: string | undefined): Promise<Result[]> {
  const etcd = findEtcd();
  const started: Store[] = [];
  const starting = async <S extends Store>(start: Promise<S>): Promise<S> => {
    const store = await start;
    started.push(store);
    return store;
  };
  try {
    const plain = await starting(FleetStore.start({ nodes: 3, tls: "plaintext" }));
    const secure = await starting(FleetStore.start({ nodes: 3, tls: "mutual" }));
    const earlier: Store[] = [];
    if (before !== undefined)
      for (const tls of ["plaintext", "mutual"] as const) {
        const store = await starting(FleetStore.start({ nodes: 3, tls, before }));
        earlier.push(...WAYS.map((way) => store.driven(way)));
      }
    const etcds = etcd === null ? [] : [await starting(EtcdStore.start(etcd))];
    const secureEtcds =
      etcd === null ? [] : [await starting(EtcdStore.start(etcd, undefined, secure.etcdTls()))];
    const stores = [...etcds, ...WAYS.map((way) => plain.driven(way))];
    const secureStores = [...secureEtcds, ...WAYS.map((way) => secure.driven(way))];
    const results = await underLoad([...stores, ...secureStores, ...earlier]);
    const failovers = await killInTurn(stores);
    return results.map((result, at) => ({ ...result, failoversMs: failovers[at] ?? [] }));
  } finally {
    await Promise.all(started.map((store) => store.dispose()));
  }
}

async function underLoad(stores: readonly Store[]): Promise<Result[]> {
  const idle = await idleOf(stores);
  const compared = await compare(stores, OUTSTANDING, ROUNDS);
  return stores.map((store, at) => ({
    store: store.name,
    levels: compared.get(store) ?? new Map(),
    idleCpuShare: idle[at]?.cpuShare ?? Number.NaN,
    idleMegabytes: idle[at]?.megabytes ?? Number.NaN,
    loadedMegabytes: residentMegabytes(store),
    failoversMs: [],
  }));
}

/** Of a server of each store that is asked for nothing, once its start is over. */
async function idleOf(stores: readonly Store[]): Promise<{ cpuShare: number; megabytes: number }[]> {
  await sleep(SETTLE_MS);
  const servers = [...new Set(stores.flatMap((store) => store.servers))];
  const watch = new UsageWatch(servers);
  await sleep(IDLE_MS);
  const used = watch.stop();
  return stores.map((store) => ({
    cpuShare: mean(store.servers.map((server) => used.get(server)?.cpuShare ?? Number.NaN)),
    megabytes: residentMegabytes(store),
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
  return mean(servers.map((server) => server.usage()?.residentBytes ?? Number.NaN)) / MEGABYTE;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const isEtcd = ({ store }: Result): boolean => store.startsWith("etcd");

/** Etcd on the same transport. */
function etcdFor(result: Result, results: readonly Result[]): Result | undefined {
  const isSecure = result.store.includes(SECURE);
  return results.find((other) => isEtcd(other) && other.store.includes(SECURE) === isSecure);
}

function throughputTable(results: readonly Result[]): Table {
  return {
    title: `Acknowledged writes a second, medians of ${ROUNDS} rounds (lowest–highest)`,
    header: ["outstanding", "store and client", "writes/s", "÷ etcd", "p50", "p99"],
    rows: OUTSTANDING.flatMap((outstanding) =>
      results.map((result) => {
        const etcd = etcdFor(result, results);
        const level = levelAt(result.levels, outstanding);
        const ratio = etcd && level.writesPerSecond / levelAt(etcd.levels, outstanding).writesPerSecond;
        const rate = formatRange(level.writesPerSecond, level.lowest, level.highest);
        return [String(outstanding), result.store, rate, times(ratio), ms(level.p50Ms), ms(level.p99Ms)];
      }),
    ),
  };
}

/** This tree by the one before: rate, p50 and the servers' CPU time of a write. */
function changeTable(results: readonly Result[]): Table {
  const both = results.flatMap((result) => {
    const before = results.find(({ store }) => store === result.store.replace("fleet", BEFORE));
    return before === undefined || before === result ? [] : [{ result, before }];
  });
  return {
    title: "This tree ÷ the tree before it, of the medians",
    header: ["outstanding", "store and client", "writes/s", "p50", "CPU µs a write of the servers"],
    rows: OUTSTANDING.flatMap((outstanding) =>
      both.map(({ result, before }) => {
        const [now, then] = [levelAt(result.levels, outstanding), levelAt(before.levels, outstanding)];
        const ratio = (of: "writesPerSecond" | "p50Ms" | "serverCpuUs") => times(now[of] / then[of]);
        return [
          String(outstanding),
          result.store,
          ratio("writesPerSecond"),
          ratio("p50Ms"),
          ratio("serverCpuUs"),
        ];
      }),
    ),
  };
}

function costTable(results: readonly Result[]): Table {
  const cpu = (level: Level) => `${whole(level.serverCpuUs)} + ${whole(level.clientCpuUs)}`;
  const columns = OUTSTANDING.map((outstanding) => `CPU µs a write, ${outstanding} outstanding`);
  return {
    title:
      "Cost: CPU of the three servers together + of the client; idle CPU and resident memory are the mean of a server",
    header: ["store and client", ...columns, "idle CPU", "RSS idle", "RSS after load"],
    rows: results.map(({ store, levels, idleCpuShare, idleMegabytes, loadedMegabytes }) => [
      store,
      ...OUTSTANDING.map((outstanding) => cpu(levelAt(levels, outstanding))),
      percent(idleCpuShare),
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

function goalTable(results: readonly Result[]): Table {
  const rowsOf = (fleet: Result): string[][] => {
    const etcd = present(etcdFor(fleet, results), "etcd runs on both transports");
    return goalRows(fleet, etcd).map((row) => [fleet.store, ...row]);
  };
  return {
    title: "Fleet relative to etcd on the same transport",
    header: ["client", "what", "to reach", "measured", "reached"],
    rows: results.filter((result) => !isEtcd(result)).flatMap(rowsOf),
  };
}

function goalRows(fleet: Result, etcd: Result): readonly string[][] {
  const at = (result: Result, outstanding: number) => levelAt(result.levels, outstanding);
  const throughput = at(fleet, 64).writesPerSecond / at(etcd, 64).writesPerSecond;
  const latency = at(fleet, 1).p50Ms / at(etcd, 1).p50Ms;
  const least = fleet.store.endsWith(STREAM) ? 1.6 : 0.85;
  const { idleCpuShare, idleMegabytes } = fleet;
  return [
    ["throughput, 64 outstanding", `≥ ${least}×`, times(throughput), yesNo(throughput >= least)],
    ["p50, 1 outstanding", "≤ 1.1×", times(latency), yesNo(latency <= 1.1)],
    ["idle CPU, of a core", "≤ 3 %", percent(idleCpuShare), yesNo(idleCpuShare <= 0.03)],
    ["idle memory", "≤ 90 MB", `${whole(idleMegabytes)} MB`, yesNo(idleMegabytes <= 90)],
    ...(fleet.failoversMs.length > 0 ? [failoverRow(fleet, etcd)] : []),
  ];
}

function failoverRow(fleet: Result, etcd: Result): string[] {
  const failovers = median(fleet.failoversMs) / median(etcd.failoversMs);
  return ["failover, median", "≤ 0.5×", times(failovers), yesNo(failovers <= 0.5)];
}

const whole = (value: number): string => value.toFixed(0);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const ms = (value: number): string => `${value.toFixed(1)} ms`;
const times = (ratio: number | undefined): string => (ratio === undefined ? "–" : `${ratio.toFixed(2)}×`);
const yesNo = (isReached: boolean): string => (isReached ? "yes" : "no");
