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
  }[];
  readonly samples: readonly number[];
  /** Microseconds, one a sample. */
  readonly timeDeltas: readonly number[];
}

export async function benchProfile(): Promise<readonly Table[]> {
  const folder = await mkdtemp(join(tmpdir(), "fleet-profile-"));
  try {
    const profile = await profileLeader(folder);
    const busy = [...selfTimes(profile)].filter(([name]) => name !== "(idle)" && name !== "(program)");
    const totalUs = busy.reduce((sum, [, us]) => sum + us, 0);
    const rows = busy.sort(([, left], [, right]) => right - left).slice(0, ROWS);
    return [
      {
        title: `The leader's hottest functions, plaintext, ${OUTSTANDING} outstanding`,
        header: ["self time", "function"],
        rows: rows.map(([name, us]) => [`${((us * 100) / totalUs).toFixed(1)} %`, name]),
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function profileLeader(folder: string): Promise<Profile> {
  const nodeOptions = `--cpu-prof --cpu-prof-dir=${folder}`;
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

/** Microseconds by function, as "name file:line". */
function selfTimes({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  samples.forEach((id, at) => {
    const name = names.get(id) ?? "";
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[at] ?? 0));
  });
  return times;
}

function nameOf({ functionName, url, lineNumber }: Profile["nodes"][number]["callFrame"]): string {
  const file = url.replace(`file://${root}`, "").replace(/^.*node_modules\//, "");
  return `${functionName || "(anonymous)"} ${file && `${file}:${lineNumber + 1}`}`.trim();
}
