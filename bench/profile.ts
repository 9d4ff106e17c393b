// Where the processor's time of a put and of a Submit goes, on the leader and on a follower. The report divides it by
// thread, by stage and by function. Not part of `npm run bench` without a name. The threads' times are measured
// without the profiler, which slows what it watches; its samples only divide the main thread's time.

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { present } from "../src/core/base/assert.ts";
import { FleetStore } from "./load/fleet-store.ts";
import { generate } from "./load/generate.ts";
import type { Server } from "./load/server.ts";
import { type Store, settledLeader } from "./load/store.ts";
import { type BusyTimes, busyTimes, type FunctionTime, type Profile } from "./profile/read-profile.ts";
import { STAGE_NAMES } from "./profile/stages.ts";
import { type ThreadTimes, threadTimes } from "./profile/threads.ts";
import type { Table } from "./table.ts";

const OUTSTANDING = 64;
const WARM_UP_MS = 4_000;
const MEASURE_MS = 5_000;
const ROWS = 40;
const OPERATIONS = ["put", "Submit"] as const;
const ROLES = ["leader", "follower"] as const;

type Operation = (typeof OPERATIONS)[number];
type Transport = "plaintext" | "mutual";
type ByRole<Value> = Readonly<Record<(typeof ROLES)[number], Value>>;

const root = fileURLToPath(new URL("..", import.meta.url));

export async function benchProfile(tls: Transport = "plaintext"): Promise<readonly Table[]> {
  const threads = await measureThreads(tls);
  const busy = { put: await profileOf("put", tls), Submit: await profileOf("Submit", tls) };
  const columns = OPERATIONS.flatMap((operation) => ROLES.map((role) => ({ operation, role })));
  const names = columns.map(({ operation, role }) => `${operation}, ${role}`);
  const load = `${OUTSTANDING} outstanding, one grpc-js client, ${tls === "mutual" ? "mutual TLS" : tls}`;
  const kinds = ["main", "collector", "disk"] as const;
  return [
    {
      title: `Microseconds of processor time an operation, by thread, ${load}`,
      header: ["thread", ...names],
      rows: kinds.map((kind) => [kind, ...columns.map((at) => us(threads[at.operation][at.role][kind]))]),
    },
    {
      title: `The main thread's, by stage, ${load}`,
      header: ["stage", ...names],
      rows: STAGE_NAMES.map((stage) => [
        stage,
        ...columns.map(({ operation, role }) => {
          const { stages, busyUs } = busy[operation][role];
          return us(((stages.get(stage) ?? 0) / busyUs) * threads[operation][role].main);
        }),
      ]),
    },
    ...hottest(busy.Submit.leader),
  ];
}

const us = (microseconds: number): string => microseconds.toFixed(1);

function hottest({ functions, busyUs }: BusyTimes): Table[] {
  const share = (part: number) => `${((part * 100) / busyUs).toFixed(1)} %`;
  const rowsBy = (key: keyof FunctionTime, isWanted: (name: string) => boolean) =>
    [...functions]
      .filter(([name]) => isWanted(name))
      .sort(([, left], [, right]) => right[key] - left[key])
      .slice(0, ROWS)
      .map(([name, { selfUs, totalUs }]) => [share(selfUs), share(totalUs), name]);
  const header = ["self", "with callees", "function"];
  const load = "of a Submit, share of the main thread's busy time";
  return [
    { title: `The leader's hottest functions ${load}`, header, rows: rowsBy("selfUs", () => true) },
    { title: `The hottest of our own ${load}`, header, rows: rowsBy("totalUs", isOurs) },
  ];
}

const isOurs = (name: string): boolean => name.includes(" dist/");

/** An operation's processor time, without a profiler. */
async function measureThreads(tls: Transport): Promise<Readonly<Record<Operation, ByRole<ThreadTimes>>>> {
  const fleet = await FleetStore.start({ nodes: 3, tls });
  const keys = await fleet.keys();
  try {
    return { put: await threadsUnder(keys), Submit: await threadsUnder(fleet.driven("unary")) };
  } finally {
    await keys.dispose();
    await fleet.dispose();
  }
}

async function threadsUnder(store: Store): Promise<ByRole<ThreadTimes>> {
  const servers = await byRole(store);
  let before = { leader: timesOf(servers.leader), follower: timesOf(servers.follower) };
  const count = await loaded(store, servers.leader, () => {
    before = { leader: timesOf(servers.leader), follower: timesOf(servers.follower) };
  });
  const each = (role: keyof typeof servers): ThreadTimes => {
    const now = timesOf(servers[role]);
    const of = (kind: keyof ThreadTimes) => (now[kind] - before[role][kind]) / count;
    return { main: of("main"), collector: of("collector"), disk: of("disk") };
  };
  return { leader: each("leader"), follower: each("follower") };
}

const timesOf = (server: Server): ThreadTimes => threadTimes(present(server.pid, "a server runs"));

async function byRole(store: Store): Promise<ByRole<Server>> {
  const leader = await settledLeader(store);
  const follower = store.servers.find((server) => server !== leader);
  return { leader, follower: present(follower, "there are three") };
}

/** Calls `onWarm` between warming up and the load. Returns how many operations the load had. */
async function loaded(store: Store, leader: Server, onWarm: () => void): Promise<number> {
  const writer = await store.connect(leader);
  await generate(writer, OUTSTANDING, (_, elapsedMs) => elapsedMs >= WARM_UP_MS);
  onWarm();
  const { latenciesMs } = await generate(writer, OUTSTANDING, (_, elapsedMs) => elapsedMs >= MEASURE_MS);
  writer.close();
  return latenciesMs.length;
}

async function profileOf(operation: Operation, tls: Transport): Promise<ByRole<BusyTimes>> {
  const folder = await mkdtemp(join(tmpdir(), "fleet-profile-"));
  try {
    const ended = await profiled(operation, folder, tls);
    const files = await readdir(folder);
    const read = async (pid: number): Promise<BusyTimes> => {
      const file = present(
        files.find((name) => name.split(".")[3] === String(pid)),
        "each server wrote its profile",
      );
      const profile: Profile = JSON.parse(await readFile(join(folder, file), "utf8"));
      return busyTimes(profile, MEASURE_MS * 1_000 + ended.afterUs, ended.afterUs, root);
    };
    return { leader: await read(ended.leader), follower: await read(ended.follower) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The processes that were profiled, and how long about they ran after the load. */
async function profiled(
  operation: Operation,
  folder: string,
  tls: Transport,
): Promise<ByRole<number> & { readonly afterUs: number }> {
  // One by one, so that a function has its module's name.
  const modules = new URL("../test/integration/unbundled-preload.ts", import.meta.url).href;
  const nodeOptions = `--import ${modules} --cpu-prof --cpu-prof-interval 300 --cpu-prof-dir=${folder}`;
  const fleet = await FleetStore.start({ nodes: 3, tls, nodeOptions });
  const keys = operation === "put" ? await fleet.keys() : null;
  let endedMs = performance.now();
  let pids: ByRole<number>;
  try {
    const store = keys ?? fleet.driven("unary");
    const { leader, follower } = await byRole(store);
    pids = { leader: present(leader.pid, "it runs"), follower: present(follower.pid, "it runs") };
    await loaded(store, leader, () => undefined);
    endedMs = performance.now();
  } finally {
    await keys?.dispose();
    // The profiles are written when the processes end.
    await fleet.dispose();
  }
  return { ...pids, afterUs: (performance.now() - endedMs) * 1_000 };
}
