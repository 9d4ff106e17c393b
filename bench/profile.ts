// Where the leader's time goes under load: V8's sampling profiler in the serve process, its functions by self time.
// Not part of `npm run bench` without a name: profiling slows what it watches, so its throughput is not comparable.

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { present } from "../src/core/base/assert.ts";
import { FleetStore } from "./load/fleet-store.ts";
import { generate } from "./load/generate.ts";
import { settledLeader } from "./load/store.ts";
import type { Table } from "./table.ts";

const OUTSTANDING = 64;
const MEASURE_MS = 10_000;
const ROWS = 40;

const root = fileURLToPath(new URL("..", import.meta.url));

/** The part of V8's .cpuprofile that is read here. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  /** Microseconds on the profiler's clock. */
  readonly startTime: number;
  readonly endTime: number;
  /** The node that ran, by id. */
  readonly samples: readonly number[];
  /** Microseconds, one a sample. */
  readonly timeDeltas: readonly number[];
}

export async function benchProfile(): Promise<readonly Table[]> {
  const folder = await mkdtemp(join(tmpdir(), "fleet-profile-"));
  try {
    const profile = await profileLeader(folder);
    const times = busyTimes(profile);
    const busyUs = [...times.values()].reduce((sum, { selfUs }) => sum + selfUs, 0);
    const share = (us: number) => `${((us * 100) / busyUs).toFixed(1)} %`;
    const rowsBy = (key: keyof FunctionTime, isWanted: (name: string) => boolean) =>
      [...times]
        .filter(([name]) => isWanted(name))
        .sort(([, left], [, right]) => right[key] - left[key])
        .slice(0, ROWS)
        .map(([name, { selfUs, totalUs }]) => [share(selfUs), share(totalUs), name]);
    const header = ["self", "with callees", "function"];
    const load = `${OUTSTANDING} writes outstanding, share of the busy time`;
    return [
      { title: `The leader's hottest functions, ${load}`, header, rows: rowsBy("selfUs", () => true) },
      { title: `The hottest of our own, ${load}`, header, rows: rowsBy("totalUs", isOurs) },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function profileLeader(folder: string): Promise<Profile> {
  // One by one, so that a function has its module's name.
  const modules = new URL("../test/integration/unbundled-preload.ts", import.meta.url).href;
  const nodeOptions = `--import ${modules} --cpu-prof --cpu-prof-dir=${folder}`;
  const store = await FleetStore.start({ nodes: 3, tls: "plaintext", nodeOptions });
  let pid: number | undefined;
  try {
    const leader = await settledLeader(store);
    pid = leader.pid;
    const writer = await store.connect(leader);
    await generate(writer, OUTSTANDING, (_, elapsedMs) => elapsedMs >= MEASURE_MS);
    writer.close();
  } finally {
    // The profiles are written when the processes end.
    await store.dispose();
  }
  const written = (await readdir(folder)).find((name) => name.split(".")[3] === String(pid));
  return JSON.parse(await readFile(join(folder, present(written, "the leader wrote its profile")), "utf8"));
}

interface FunctionTime {
  readonly selfUs: number;
  readonly totalUs: number;
}

/** By function, as "name file:line": the time under load, which is the end of the profile. */
function busyTimes({ nodes, startTime, endTime, samples, timeDeltas }: Profile): Map<string, FunctionTime> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const callers = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const times = new Map<string, FunctionTime>();
  const add = (name: string, selfUs: number, totalUs: number) => {
    const time = times.get(name) ?? { selfUs: 0, totalUs: 0 };
    times.set(name, { selfUs: time.selfUs + selfUs, totalUs: time.totalUs + totalUs });
  };
  let nowUs = startTime;
  samples.forEach((id, at) => {
    const deltaUs = timeDeltas[at] ?? 0;
    nowUs += deltaUs;
    const name = names.get(id) ?? "";
    if (nowUs < endTime - MEASURE_MS * 1_000 || name === "(idle)") return;
    add(name, deltaUs, 0);
    for (const running of stackOf(id, callers, names)) add(running, 0, deltaUs);
  });
  return times;
}

/** The distinct functions on the stack: a recursive one counts once. */
function stackOf(
  id: number,
  callers: ReadonlyMap<number, number>,
  names: ReadonlyMap<number, string>,
): ReadonlySet<string> {
  const stack = new Set<string>();
  for (let at: number | undefined = id; at !== undefined; at = callers.get(at))
    stack.add(names.get(at) ?? "");
  return stack;
}

function isOurs(name: string): boolean {
  return name.includes(" dist/");
}

function nameOf({ functionName, url, lineNumber }: Profile["nodes"][number]["callFrame"]): string {
  const file = url.replace(`file://${root}`, "").replace(/^.*node_modules\//, "");
  return `${functionName || "(anonymous)"} ${file && `${file}:${lineNumber + 1}`}`.trim();
}
