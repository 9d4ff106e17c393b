// A fleet of size L on one machine, coordinators and load together. The lab's actors load three real processes, and
// the results are compared with the project's numbers for this. On a busy machine only CPU time and memory mean much.

import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetClient } from "../src/client/fleet-client.ts";
import { fillLab, forEachSome } from "../src/client/lab/fill-lab.ts";
import { LabFleet } from "../src/client/lab/lab-fleet.ts";
import { LabLink } from "../src/client/lab/lab-link.ts";
import { SteadyLab } from "../src/client/lab/steady-lab.ts";
import { LAB_DOMAIN_KEY, LAB_PREFIX } from "../src/core/lab/names.ts";
import { type LabSize, SIZES } from "../src/core/lab/size.ts";
import { type Burst, burst } from "./lab/burst.ts";
import { BusyLoops } from "./lab/busy-loops.ts";
import { DiskProbe } from "./lab/disk-probe.ts";
import { LongPasses } from "./lab/long-passes.ts";
import { saveUnderWrites } from "./lab/snapshot.ts";
import { UsageWatch } from "./lab/usage.ts";
import { FleetStore } from "./load/fleet-store.ts";
import type { Server } from "./load/server.ts";
import { settledLeader } from "./load/store.ts";
import { median } from "./statistics.ts";
import type { Table } from "./table.ts";

const SETTLE_MS = 5_000;
const LISTS = 3;
const REPORTS_AT_ONCE = 4;

/** One number: what was measured, and what is to be reached. */
interface Result {
  readonly what: string;
  readonly measured: number;
  readonly limit: number | null;
  readonly unit: "ms" | "%" | "MB" | "";
}

/** `beside`: so many other processes burn a core each meanwhile. */
export async function benchLab(beside: number): Promise<readonly Table[]> {
  const loops = new BusyLoops(beside);
  try {
    return await measureLab(SIZES.L, { ...LARGE, beside });
  } finally {
    await loops.stop();
  }
}

export interface LabOptions {
  readonly steadyMs: number;
  readonly bursts: number;
  /** What is to be reached depends on it. */
  readonly beside: number;
}

const LARGE = { steadyMs: 40_000, bursts: 10 };

export async function measureLab(size: LabSize, options: LabOptions): Promise<readonly Table[]> {
  const passes = await LongPasses.open();
  try {
    return await measureWith(passes, size, options);
  } finally {
    await passes.close();
  }
}

async function measureWith(
  passes: LongPasses,
  size: LabSize,
  options: LabOptions,
): Promise<readonly Table[]> {
  const store = await FleetStore.start({ nodes: 3, tls: "mutual", nodeOptions: passes.nodeOptions });
  const target = await store.target();
  const client = FleetClient.connect(target);
  const link = new LabLink(target);
  try {
    const lab = new LabFleet(link, size, 1);
    const fill = await timed(() =>
      fillLab(client, lab, { signal: new AbortController().signal, onProgress: () => undefined }),
    );
    const results: Result[] = [{ what: "filling", measured: fill, limit: null, unit: "ms" }];
    for (const measure of [
      () => steadyNumbers(store, client, lab, options),
      () => burstNumbers(store, client, lab, { count: options.bursts, passes }),
      () => listNumbers(store, client),
      () => snapshotNumbers(store, client, options),
    ]) {
      const found = await measure();
      results.push(...found);
      // It takes minutes: what is known is said.
      console.error(found.map(({ what, measured }) => `${what}: ${measured.toFixed(1)}`).join("\n"));
    }
    return [tableOf(size, options, results)];
  } finally {
    link.close();
    client.close();
    await store.dispose();
  }
}

async function steadyNumbers(
  store: FleetStore,
  client: FleetClient,
  lab: LabFleet,
  { steadyMs, beside }: LabOptions,
): Promise<Result[]> {
  const { domains } = await client.listDomains({ filter: { key: LAB_DOMAIN_KEY }, rowsMax: 5_000 });
  await sleep(SETTLE_MS);
  const watch = new UsageWatch(store.servers);
  const disk = new DiskProbe();
  const steady = new SteadyLab(client, lab, { writesPerSecond: 10, dialEveryMs: 5_000, domains });
  await sleep(steadyMs);
  const used = watch.stop();
  const alone = await disk.stop();
  const { commits, reports, drift } = await steady.stop();
  // Leadership may have moved meanwhile.
  const shares = [...used.values()].map(({ cpuShare }) => 100 * cpuShare).sort((left, right) => right - left);
  const resident = [...used.values()].map(({ residentBytesMax }) => residentBytesMax / 1e6);
  return [
    { what: "steady: CPU of the busiest process, of a core", measured: shares[0] ?? 0, limit: 25, unit: "%" },
    { what: "steady: of the next", measured: shares[1] ?? 0, limit: null, unit: "%" },
    { what: "steady: the largest process", measured: Math.max(...resident), limit: 256, unit: "MB" },
    { what: "steady: commit p50", measured: commits.p50Ms ?? 0, limit: null, unit: "ms" },
    { what: "steady: commit p99", measured: commits.p99Ms ?? 0, limit: beside > 0 ? 100 : 35, unit: "ms" },
    {
      what: "steady: the slowest synced write of the bench's own",
      measured: alone,
      limit: null,
      unit: "ms",
    },
    { what: "steady: reports a second", measured: reports.perSecond, limit: null, unit: "" },
    {
      what: "steady: failed writes and reports",
      measured: commits.failed + reports.failed,
      limit: 0,
      unit: "",
    },
    { what: "drift found, the slowest", measured: drift.worstMs ?? 0, limit: 15_000, unit: "ms" },
  ];
}

async function burstNumbers(
  store: FleetStore,
  client: FleetClient,
  lab: LabFleet,
  { count, passes }: { readonly count: number; readonly passes: LongPasses },
): Promise<Result[]> {
  const termBefore = await term(client);
  const startedMs = Date.now();
  const watch = new UsageWatch(store.servers);
  const bursts: Burst[] = [];
  for (let number = 0; number < count; number += 1) {
    bursts.push(await burst(client, lab.size));
    // Shards report all the time. Once they are told what was moved, once they say that they obeyed.
    await reportAll(lab);
    await reportAll(lab);
  }
  const used = [...watch.stop().values()];
  const elections = (await term(client)) - termBefore;
  const longest = await passes.longestSince(startedMs);
  const slowest = (of: (one: Burst) => number) => Math.max(...bursts.map(of));
  const moves = bursts[0]?.moves ?? 0;
  const [resident, cpuMs] = [
    Math.max(...used.map(({ residentBytesMax }) => residentBytesMax / 1e6)),
    Math.max(...used.map((one) => one.cpuMs)) / count,
  ];
  return [
    {
      what: `${count} bursts of ${moves} moves: the slowest accepted`,
      measured: slowest((one) => one.acceptedMs),
      limit: 10_000,
      unit: "ms",
    },
    {
      what: "bursts: the slowest applied by all",
      measured: slowest((one) => one.appliedMs),
      limit: 10_000,
      unit: "ms",
    },
    { what: "a burst and its answers: the busiest's CPU time", measured: cpuMs, limit: null, unit: "ms" },
    {
      what: "bursts: the slowest batch",
      measured: slowest(({ batchMs }) => Math.max(...batchMs)),
      limit: null,
      unit: "ms",
    },
    {
      what: "bursts: the longest pass of an event loop, CPU time",
      measured: longest.cpuMs,
      limit: 50,
      unit: "ms",
    },
    {
      what: "bursts: the longest pass with 5 ms of CPU time or more",
      measured: longest.ms,
      limit: null,
      unit: "ms",
    },
    { what: "bursts: the largest process", measured: resident, limit: 256, unit: "MB" },
    { what: "bursts: elections", measured: elections, limit: 0, unit: "" },
  ];
}

async function reportAll(lab: LabFleet): Promise<void> {
  await forEachSome(lab.shards, REPORTS_AT_ONCE, new AbortController().signal, (shard) => lab.report(shard));
}

async function listNumbers(store: FleetStore, client: FleetClient): Promise<Result[]> {
  const pages: number[] = [];
  const documents: number[] = [];
  for (let run = 0; run < LISTS; run += 1) {
    const filter = { prefix: LAB_PREFIX };
    pages.push(await timed(() => client.listClusters({ filter, rowsMax: 5_000 })));
    documents.push(await timed(() => store.run("cluster", "list", "-o", "json")));
  }
  return [
    { what: "clusters: 5 000, in pages", measured: median(pages), limit: 700, unit: "ms" },
    { what: "`fleet cluster list -o json`, all", measured: median(documents), limit: 2_000, unit: "ms" },
  ];
}

async function snapshotNumbers(
  store: FleetStore,
  client: FleetClient,
  { beside }: LabOptions,
): Promise<Result[]> {
  const leader = await settledLeader(store);
  const saved = await saveUnderWrites(client, leader.address);
  const follower = (await settledLeader(store)) === store.servers[0] ? store.servers[1] : store.servers[0];
  // It makes its snapshot at other entries; behind them it would apply the log, however much that is by then.
  if (follower !== undefined) await saveUnderWrites(client, follower.address);
  const restart = follower === undefined ? 0 : await timed(() => restarted(store, follower));
  return [
    { what: "snapshot: save", measured: saved.saveMs, limit: 2_000, unit: "ms" },
    { what: "snapshot: the slowest write meanwhile", measured: saved.worstMs, limit: 50, unit: "ms" },
    { what: "snapshot: the slowest write before it", measured: saved.worstBeforeMs, limit: null, unit: "ms" },
    { what: "snapshot: p99 of writes before it", measured: saved.p99BeforeMs, limit: null, unit: "ms" },
    { what: "restart from it", measured: restart, limit: beside > 0 ? 5_000 : 2_500, unit: "ms" },
    { what: "restart: its CPU time", measured: follower?.usage()?.cpuMs ?? 0, limit: null, unit: "ms" },
  ];
}

/** From the start of the stopped process until it answers and has applied what it had. */
async function restarted(store: FleetStore, server: Server): Promise<void> {
  const before = (await store.look(server))?.applied ?? 0;
  await server.kill();
  server.start();
  for (;;) {
    const look = await store.look(server);
    if (look !== null && look.applied >= before) return;
    await sleep(20);
  }
}

async function term(client: FleetClient): Promise<number> {
  const { nodes } = await client.status();
  return Math.max(...nodes.map(({ status }) => status?.term ?? 0));
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}

function tableOf(
  { shards, clusters, domains }: LabSize,
  { beside }: LabOptions,
  numbers: readonly Result[],
): Table {
  const others = beside > 0 ? `beside ${beside} busy processes, ` : "";
  const load = `${others}load average ${loadavg()[0]?.toFixed(1)} at the end`;
  return {
    title: `A lab of ${shards} shards, ${clusters} clusters and ${domains} domains, ${load}`,
    header: ["what", "measured", "to reach", "reached"],
    rows: numbers.map(({ what, measured, limit, unit }) => {
      const amount = (value: number) => `${value.toFixed(unit === "%" ? 1 : 0)} ${unit}`.trim();
      if (limit === null) return [what, amount(measured), "–", "–"];
      return [what, amount(measured), `≤ ${amount(limit)}`, measured <= limit ? "yes" : "**no**"];
    }),
  };
}
