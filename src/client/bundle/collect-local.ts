// What a machine knows of its local fleet, beside what the coordinators answer. That is the configuration, the metrics,
// the ends of logs, and the last crash of this program.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { stateFolder } from "../../core/base/state-folder.ts";
import { type FleetFile, formatFleetFile } from "../files/fleet-file.ts";
import { loadLocalFleet } from "../files/local-fleet.ts";
import type { ProcessPlan } from "../files/process-plan.ts";
import { linesFromEnd, sizeOf } from "../logs/log-file.ts";
import { attempted, missing } from "./collect.ts";
import type { Section } from "./section.ts";

const LOG_BYTES_MAX = 1024 * 1024;
const METRICS_BYTES_MAX = 4 * 1024 * 1024;
const METRICS_DEADLINE_MS = 2_000;
const CRASH_BYTES_MAX = 256 * 1024;
const REMOVED = "(removed)";

/** `directory`: the local fleet's folder; undefined = its processes run elsewhere. `linesMax`: of each log. */
export async function collectLocal(directory: string | undefined, linesMax: number): Promise<Section[]> {
  if (directory === undefined) {
    const why = "the fleet's processes are not on this machine: collect them there";
    return [missing("logs", why), missing("metrics", why), missing("fleet.yaml", why)];
  }
  return await attempted("fleet.yaml", async () => {
    const { file, processes } = await loadLocalFleet(directory);
    const parts = await Promise.all(
      processes.flatMap((plan) => [collectMetrics(plan), collectLog(plan, linesMax)]),
    );
    const text = formatFleetFile(withoutCommand(file));
    return [{ section: "text" as const, name: "fleet.yaml", text }, ...parts.flat()];
  });
}

/** The newest crash of this program on this machine, if there is one. */
export async function collectCrash(env: NodeJS.ProcessEnv): Promise<Section[]> {
  const folder = stateFolder(env);
  const names = await readdir(folder).catch(() => []);
  // Their names have their time.
  const newest = names
    .filter((name) => name.startsWith("crash-"))
    .sort()
    .at(-1);
  if (newest === undefined) return [];
  return await attempted("the last crash", async () => {
    const path = join(folder, newest);
    if ((await stat(path)).size > CRASH_BYTES_MAX) return [missing("the last crash", `${path} is too large`)];
    return [{ section: "text", name: `crash/${newest}`, text: await readFile(path, "utf8") }];
  });
}

/** A command that prints a key may have a secret among its words. */
function withoutCommand(file: FleetFile): FleetFile {
  const { encryption } = file;
  if (encryption?.source.kind !== "command") return file;
  return { ...file, encryption: { ...encryption, source: { kind: "command", command: REMOVED } } };
}

async function collectMetrics({ name, metrics }: ProcessPlan): Promise<Section[]> {
  const what = `metrics of ${name}`;
  if (metrics === null) return [missing(what, "it exposes none")];
  try {
    const signal = AbortSignal.timeout(METRICS_DEADLINE_MS);
    const response = await fetch(`http://${metrics}/metrics`, { signal, redirect: "error" });
    const text = await response.text();
    if (!response.ok) return [missing(what, `it answered with status ${response.status}`)];
    if (text.length > METRICS_BYTES_MAX) return [missing(what, "they are too large")];
    return [{ section: "text", name: `metrics/${name}`, text }];
  } catch {
    return [missing(what, "it does not answer")];
  }
}

async function collectLog({ name, files }: ProcessPlan, linesMax: number): Promise<Section[]> {
  return await attempted(`log of ${name}`, async () => {
    const lines: string[] = [];
    let bytes = 0;
    for await (const line of linesFromEnd(files.log, await sizeOf(files.log))) {
      bytes += line.length;
      if (lines.length >= linesMax || bytes > LOG_BYTES_MAX) break;
      // The line that is being written is empty between two lines.
      if (line !== "") lines.push(line);
    }
    return [{ section: "log", process: name, lines: lines.reverse() }];
  });
}
