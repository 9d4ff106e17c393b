// How a coordinator grows from ten thousand to a million topology domains that their shards have accepted. It
// measures memory, a snapshot, a restart from it, lists, and a hundred watchers of a full batch of moves. One
// coordinator with mutual TLS and the flags that `fleet init` gives it; its clients are in the bench's own process.

import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetClient } from "../src/client/fleet-client.ts";
import { fillLab } from "../src/client/lab/fill-lab.ts";
import { LabFleet } from "../src/client/lab/lab-fleet.ts";
import { LabLink } from "../src/client/lab/lab-link.ts";
import { present } from "../src/core/base/assert.ts";
import { LAB_DOMAIN_KEY } from "../src/core/lab/names.ts";
import type { LabSize } from "../src/core/lab/size.ts";
import { saveUnderWrites } from "./lab/snapshot.ts";
import { UsageWatch } from "./lab/usage.ts";
import { tellWatchers } from "./lab/watchers.ts";
import { FleetStore } from "./load/fleet-store.ts";
import { settledLeader } from "./load/store.ts";
import { median } from "./statistics.ts";
import type { Table } from "./table.ts";

const ROWS = [10_000, 100_000, 1_000_000];
// Fewer than by default, so that the next one is soon due: what one costs does not depend on it.
const LARGE = { watchers: 100, snapshotEvery: 2_000 };
const LISTS = 3;
/** As many instructions fit into the answer to one report, with room to spare. */
const DOMAINS_PER_SHARD = 2_500;

/** What one size came to, in the order of the table. */
type Numbers = ReadonlyMap<string, string>;

export interface SizeOptions {
  readonly watchers: number;
  readonly snapshotEvery: number;
}

export async function benchSize(
  rows: readonly number[] = ROWS,
  options: SizeOptions = LARGE,
): Promise<readonly Table[]> {
  const columns: Numbers[] = [];
  for (const count of rows) {
    const numbers = await measureSize(count, options);
    // It takes minutes: what is known is said.
    console.error([...numbers].map(([what, number]) => `${count} rows: ${what}: ${number}`).join("\n"));
    columns.push(numbers);
  }
  const load = `load average ${loadavg()[0]?.toFixed(1)} at the end`;
  return [
    {
      title: `One coordinator by its rows, ${load}`,
      header: ["what", ...rows.map((count) => `${count.toLocaleString("en")} domains`)],
      rows: [...(columns[0]?.keys() ?? [])].map((what) => [
        what,
        ...columns.map((numbers) => numbers.get(what) ?? "–"),
      ]),
    },
  ];
}

async function measureSize(domains: number, { watchers, snapshotEvery }: SizeOptions): Promise<Numbers> {
  const flags = ["--snapshot-every", String(snapshotEvery)];
  const store = await FleetStore.start({ nodes: 1, tls: "mutual", flags });
  const target = await store.target();
  const client = FleetClient.connect(target);
  const link = new LabLink(target);
  try {
    const numbers = new Map<string, string>();
    const fill = await timed(() => fillAll(client, new LabFleet(link, sizeOf(domains), 1)));
    numbers.set("filling", fill);
    for (const measure of [memory, lists]) await measure(store, client, numbers);
    await snapshot(store, client, numbers, snapshotEvery);
    await restart(store, client, numbers);
    numbers.set(`${watchers} watchers get 4 096 moves`, await watch(store, client, domains, watchers));
    numbers.set(
      "the largest it was",
      megabytes(present(store.servers[0], "there is one").usage()?.peakBytes),
    );
    return numbers;
  } finally {
    link.close();
    client.close();
    await store.dispose();
  }
}

function sizeOf(domains: number): LabSize {
  const shards = Math.max(4, Math.ceil(domains / DOMAINS_PER_SHARD));
  return { shards, clusters: shards, domains, quotas: 1, shortfalls: 0, reportEveryMs: 10_000 };
}

async function fillAll(client: FleetClient, lab: LabFleet): Promise<void> {
  await fillLab(client, lab, { signal: new AbortController().signal, onProgress: () => undefined });
}

type Measure = (store: FleetStore, client: FleetClient, numbers: Map<string, string>) => Promise<void>;

const memory: Measure = async (store, _, numbers) => {
  const usage = store.servers[0]?.usage();
  numbers.set("resident, all accepted", megabytes(usage?.residentBytes));
};

const lists: Measure = async (_, client, numbers) => {
  const filter = { key: LAB_DOMAIN_KEY };
  const pages: number[] = [];
  for (let run = 0; run < LISTS; run += 1) {
    pages.push(await elapsed(() => client.listDomains({ filter, rowsMax: 5_000 })));
  }
  numbers.set("5 000 domains, in pages", milliseconds(median(pages)));
  numbers.set("all domains, page after page", await timed(() => client.listDomains({ filter })));
};

async function snapshot(
  store: FleetStore,
  client: FleetClient,
  numbers: Map<string, string>,
  every: number,
): Promise<void> {
  const leader = await settledLeader(store);
  const filled = (await store.look(leader))?.applied ?? 0;
  // One that was begun while the fleet was filled holds only a part of it, and a restart would apply the rest from the log.
  let saved = await saveUnderWrites(client, leader.address, every);
  while ((await savedIndex(client)) < filled) saved = await saveUnderWrites(client, leader.address, every);
  numbers.set("snapshot: save", milliseconds(saved.saveMs));
  numbers.set("snapshot: the slowest write meanwhile", milliseconds(saved.worstMs));
}

async function savedIndex(client: FleetClient): Promise<number> {
  const { nodes } = await client.status();
  return nodes[0]?.status?.snapshotIndex ?? 0;
}

const restart: Measure = async (store, client, numbers) => {
  const server = present(store.servers[0], "there is one");
  const before = (await store.look(server))?.applied ?? 0;
  await server.kill();
  const startedMs = performance.now();
  server.start();
  for (
    let look = null;
    (look?.applied ?? 0) < before || look?.leads !== true;
    look = await store.look(server)
  ) {
    await sleep(20);
  }
  numbers.set("restart from it", milliseconds(performance.now() - startedMs));
  numbers.set("restart: its CPU time", milliseconds(server.usage()?.cpuMs ?? 0));
  await client.listDomains({ rowsMax: 1 });
  numbers.set("resident after the restart", megabytes(server.usage()?.residentBytes));
};

async function watch(
  store: FleetStore,
  client: FleetClient,
  domains: number,
  count: number,
): Promise<string> {
  const usage = new UsageWatch(store.servers);
  const { toldMs, worstLookMs } = await tellWatchers(client, await store.target(), sizeOf(domains), count);
  const [used] = usage.stop().values();
  const cpu = milliseconds(used?.cpuMs ?? 0);
  return `${milliseconds(toldMs)}, its CPU time ${cpu}, the slowest look meanwhile ${milliseconds(worstLookMs)}`;
}

async function timed(act: () => Promise<unknown>): Promise<string> {
  return milliseconds(await elapsed(act));
}

async function elapsed(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}

const milliseconds = (ms: number): string => `${ms.toFixed(0)} ms`;
const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? "–" : `${(bytes / 1e6).toFixed(0)} MB`;
