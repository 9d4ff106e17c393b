// Keys by etcd's API: a fleet beside an etcd, three processes each, on this machine in the same minutes. h2load makes
// unary calls in plaintext. node:http2 makes them with mutual TLS, which h2load cannot do. A grpc-js client shows
// what most programs in JavaScript get. Then failovers and starts of both. ZooKeeper is measured beside the plaintext
// pair where it and javac are installed. It speaks a protocol of its own, so its own Java client calls it.

import { hasH2load, type Times } from "./kv/h2load.ts";
import { measuresOf, type Pair } from "./kv/measures.ts";
import { interleave } from "./kv/rounds.ts";
import { type Failures, failureTable, goalTable, loadTable, zookeeperTable } from "./kv/tables.ts";
import { EtcdStore } from "./load/etcd-store.ts";
import { coldStart, failover, failoverOfPaused } from "./load/failover.ts";
import { findEtcd } from "./load/find-etcd.ts";
import { FleetStore } from "./load/fleet-store.ts";
import type { Store } from "./load/store.ts";
import { whyNoZooKeeper, ZooKeeperStore } from "./load/zookeeper-store.ts";
import type { Table } from "./table.ts";

export interface KvOptions extends Times {
  readonly nodes: 1 | 3;
  readonly rounds: number;
  readonly kills: number;
  /** Whether an absent etcd may be installed. */
  readonly mayInstall: boolean;
  readonly tls: readonly ("plaintext" | "mutual")[];
}

export const KV: KvOptions = {
  ...{ nodes: 3, rounds: 5, kills: 20, warmUpMs: 1_000, measureMs: 2_000 },
  tls: ["plaintext", "mutual"],
  mayInstall: true,
};

export async function benchKv(options: KvOptions = KV): Promise<readonly Table[]> {
  const tables: Table[] = [];
  for (const tls of options.tls) tables.push(...(await benchPair(tls, options)));
  return tables;
}

async function benchPair(tls: "plaintext" | "mutual", options: KvOptions): Promise<Table[]> {
  const fleet = await FleetStore.start({ nodes: options.nodes, tls });
  const started: Store[] = [fleet];
  try {
    const keys = await fleet.keys();
    started.unshift(keys);
    const found = findEtcd(options.mayInstall);
    const names = ["e1", "e2", "e3"].slice(0, options.nodes);
    const etcd = found && (await EtcdStore.start(found, names, fleet.etcdTls()));
    if (etcd !== null) started.unshift(etcd);
    const zookeeper = tls === "plaintext" && options.nodes === 3 ? await startZooKeeper() : null;
    if (zookeeper !== null) started.unshift(zookeeper);
    return await measured({ etcd, fleet: keys, submit: fleet.driven("unary"), zookeeper }, options);
  } finally {
    for (const store of started) await store.dispose();
  }
}

async function startZooKeeper(): Promise<ZooKeeperStore | null> {
  const leftOut = await whyNoZooKeeper();
  if (leftOut === null) return ZooKeeperStore.start();
  console.error(`ZooKeeper is left out: ${leftOut}`);
  return null;
}

async function measured(pair: Pair, options: KvOptions): Promise<Table[]> {
  const { etcd, fleet, zookeeper } = pair;
  const secrecy = fleet.tls === "insecure-loopback" ? "plaintext" : "mutual TLS";
  const compared = await interleave(measuresOf(pair, hasH2load(), options), options.rounds);
  const megabytes = { etcd: residentMegabytes(etcd), fleet: residentMegabytes(fleet) };
  const failures: Failures = { killed: inTurns(), paused: inTurns(), cold: inTurns() };
  for (let run = 0; run < options.kills; run += 1) {
    for (const [name, store] of [["etcd", etcd] as const, ["fleet", fleet] as const]) {
      if (store === null) continue;
      failures.killed[name].push(await failover(store));
      failures.paused[name].push(await failoverOfPaused(store));
      failures.cold[name].push(await coldStart(store));
    }
    if (zookeeper === null) continue;
    failures.killed.zookeeper.push(await failover(zookeeper));
    failures.cold.zookeeper.push(await coldStart(zookeeper));
  }
  const tables = [loadTable(secrecy, options.rounds, compared)];
  if (options.kills > 0) tables.push(failureTable(secrecy, failures));
  if (zookeeper !== null) tables.push(zookeeperTable(compared, failures));
  return etcd === null ? tables : [...tables, goalTable(secrecy, compared, failures, megabytes)];
}

const inTurns = () => ({ etcd: [] as number[], fleet: [] as number[], zookeeper: [] as number[] });

/** The mean of a server. */
function residentMegabytes(store: Store | null): number {
  const bytes = store?.servers.map((server) => server.usage()?.residentBytes ?? Number.NaN) ?? [];
  return bytes.reduce((sum, each) => sum + each, 0) / bytes.length / 1e6;
}
