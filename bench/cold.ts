// A cold start as a client sees it: all three processes of a store are killed and started again, on the data that they
// have. etcd, this build and, with --before, an older one take turns. Measured again after each amount of puts, since what
// a start reads back grows with them.

import { setTimeout as sleep } from "node:timers/promises";
import { EtcdStore } from "./load/etcd-store.ts";
import { coldStart } from "./load/failover.ts";
import { findEtcd } from "./load/find-etcd.ts";
import { FleetStore } from "./load/fleet-store.ts";
import { generate } from "./load/generate.ts";
import type { KeyStore } from "./load/key-store.ts";
import { type Store, settledLeader } from "./load/store.ts";
import { median } from "./statistics.ts";
import type { Table } from "./table.ts";

const OUTSTANDING = 256;
/** The processes of one store idle while another one's start: their own timers must not fall together each time. */
const PAUSE_MS = 300;

export interface ColdOptions {
  readonly rounds: number;
  /** Puts before the starts that are measured, ascending. */
  readonly puts: readonly number[];
  readonly tls: "plaintext" | "mutual";
  /** The folder of another built checkout, measured in turn; null = none. */
  readonly before: string | null;
}

export const COLD: ColdOptions = {
  rounds: 9,
  puts: [2_000, 30_000, 100_000],
  tls: "plaintext",
  before: null,
};

interface Contender {
  readonly name: string;
  readonly keys: KeyStore;
}

export async function benchCold({ rounds, puts, tls, before }: ColdOptions): Promise<readonly Table[]> {
  const started: Store[] = [];
  try {
    const fleetOf = async (name: string, older?: string): Promise<Contender> => {
      const fleet = await FleetStore.start({ nodes: 3, tls, ...(older !== undefined && { before: older }) });
      started.unshift(fleet);
      const keys = await fleet.keys();
      started.unshift(keys);
      return { name, keys };
    };
    const now = await fleetOf("fleet");
    const older = before === null ? [] : [await fleetOf("fleet before", before)];
    const found = findEtcd(true);
    const tlsFiles = (started.at(-1) as FleetStore).etcdTls();
    const etcd = found && (await EtcdStore.start(found, undefined, tlsFiles));
    if (etcd !== null) started.unshift(etcd);
    const contenders = [...(etcd === null ? [] : [{ name: "etcd", keys: etcd }]), ...older, now];
    const tables: Table[] = [];
    let written = 0;
    for (const wanted of puts) {
      for (const { keys } of contenders) await put(keys, wanted - written);
      written = wanted;
      tables.push(tableOf(tls, wanted, await inTurns(contenders, rounds)));
    }
    return tables;
  } finally {
    for (const store of started) await store.dispose();
  }
}

async function put(keys: KeyStore, count: number): Promise<void> {
  const writer = await keys.connect(await settledLeader(keys));
  try {
    await generate(writer, OUTSTANDING, (acknowledged) => acknowledged >= count);
  } finally {
    writer.close();
  }
}

async function inTurns(
  contenders: readonly Contender[],
  rounds: number,
): Promise<ReadonlyMap<Contender, readonly number[]>> {
  const taken = new Map(contenders.map((contender) => [contender, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [{ keys }, runsMs] of round % 2 === 0 ? taken : [...taken].reverse()) {
      runsMs.push(await coldStart(keys));
      await sleep(PAUSE_MS);
    }
  }
  return taken;
}

function tableOf(tls: string, puts: number, taken: ReadonlyMap<Contender, readonly number[]>): Table {
  const middles = [...taken].map(([{ name }, runsMs]) => ({ name, ms: median(runsMs), runsMs }));
  const etcdMs = middles.find(({ name }) => name === "etcd")?.ms ?? Number.NaN;
  return {
    title: `Cold start of all three, ${tls}, after ${puts} puts: until the first acknowledged put`,
    header: ["store", "runs", "median (best–worst)", "÷ etcd"],
    rows: middles.map(({ name, ms, runsMs }) => [
      name,
      String(runsMs.length),
      `${ms.toFixed(0)} ms (${Math.min(...runsMs).toFixed(0)}–${Math.max(...runsMs).toFixed(0)})`,
      `${(ms / etcdMs).toFixed(2)}×`,
    ]),
  };
}
