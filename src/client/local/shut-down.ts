// `fleet down` and `fleet destroy`: stops a local fleet's processes, and removes what `fleet init` made. What must stay
// true: only init's own files are removed, and symbolic links are never followed. fleet.yaml is removed last, so an
// interrupted destroy can be run again.
import { lstat, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { ifAbsent, isErrno, isSystemError } from "../../core/base/system-error.ts";
import { unregisterContexts } from "../context/register-context.ts";
import { engineMovePath } from "../files/engine-move.ts";
import {
  certsFolder,
  drillsFolderIn,
  fleetFilePath,
  foundingPath,
  lockPath,
  removedFolder,
} from "../files/layout.ts";
import { type LocalFleet, loadLocalFleet } from "../files/local-fleet.ts";
import { withLock } from "../processes/lock.ts";
import { disown } from "../processes/port-owners.ts";
import { type Stopped, stopProcess } from "../processes/supervisor.ts";
import type { LocalDeps } from "./deps.ts";

/** How long a process may take to stop by itself before it is killed. */
export const STOP_GRACE_MS = 5_000;

export interface DownReport {
  readonly name: string;
  readonly directory: string;
  /** Names of processes by the result of stopping them. */
  readonly stopped: readonly string[];
  readonly killed: readonly string[];
  /** How many processes ended. Coordinators that share one count once (ADR-0075). */
  readonly processes: number;
}

export interface DestroyReport extends DownReport {
  /** Contexts that were removed. */
  readonly contexts: readonly string[];
  readonly notes: readonly string[];
}

type DownDeps = Pick<LocalDeps, "processes" | "clock" | "onProgress">;

/**
 * Stops every process of the fleet in `directory`: agents and shards first, because they work without
 * coordinators.
 */
export async function downFleet(
  directory: string,
  deps: DownDeps,
  graceMs = STOP_GRACE_MS,
): Promise<DownReport> {
  const fleet = await loadLocalFleet(directory);
  return withLock(lockPath(fleet.directory), deps, () => stopAll(fleet, deps, graceMs));
}

/**
 * Stops the fleet and removes it. Throws NAME_MISMATCH, with nothing done, when its name is not
 * `confirmName`.
 */
export async function destroyFleet(
  directory: string,
  options: { readonly confirmName: string },
  deps: LocalDeps,
): Promise<DestroyReport> {
  const fleet = await loadLocalFleet(directory);
  if (options.confirmName !== fleet.file.name) throw nameMismatch(fleet, options.confirmName);
  const { forgotten, down, notes } = await withLock(lockPath(fleet.directory), deps, async () => {
    const down = await stopAll(fleet, deps, STOP_GRACE_MS);
    const forgotten = await forgetContexts(fleet, deps);
    deps.onProgress(`removing ${fleet.directory}`);
    await disown({ portLinks: deps.portLinks, folder: fleet.directory });
    return { forgotten, down, notes: await removeFiles(fleet) };
  });
  const { contexts, left } = forgotten;
  return { ...down, contexts, notes: [...left, ...notes, ...(await removeFolder(fleet.directory))] };
}

/** A folder of the user's that cannot be read or written must not keep the fleet. */
async function forgetContexts(
  { directory }: LocalFleet,
  deps: LocalDeps,
): Promise<{ readonly contexts: readonly string[]; readonly left: readonly string[] }> {
  try {
    return { contexts: await unregisterContexts(deps.contextsFile, directory, deps), left: [] };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const next = "remove them by hand, or with fleet context delete under another HOME or XDG_CONFIG_HOME";
    const left = `its contexts in ${deps.contextsFile} stay (${messageOf(error)}): ${next}`;
    return { contexts: [], left: [left] };
  }
}

async function stopAll(fleet: LocalFleet, deps: DownDeps, graceMs: number): Promise<DownReport> {
  const dataPlane = fleet.processes.filter((plan) => plan.role !== "coordinator");
  const coordinators = fleet.processes.filter((plan) => plan.role === "coordinator");
  const outcomes = new Map<string, Stopped>();
  for (const plans of [dataPlane, coordinators]) {
    if (plans.length > 0) deps.onProgress(`stopping ${plans.map((plan) => plan.name).join(", ")}`);
    await Promise.all(
      plans.map(async (plan) => outcomes.set(plan.name, await stopProcess(plan.files.pid, graceMs, deps))),
    );
  }
  const ended = fleet.processes.filter(({ name }) => outcomes.get(name) !== "was-not-running");
  const named = (outcome: Stopped): string[] =>
    [...outcomes].filter(([, found]) => found === outcome).map(([name]) => name);
  return {
    name: fleet.file.name,
    directory: fleet.directory,
    stopped: named("stopped"),
    killed: named("killed"),
    processes: new Set(ended.map(({ name, sharedIn }) => sharedIn ?? name)).size,
  };
}

/** Removes what init made, except the folder itself; returns a note for each link whose target was left. */
async function removeFiles(fleet: LocalFleet): Promise<string[]> {
  const { directory, processes } = fleet;
  const folders = [
    ...processes.map((plan) => plan.files.folder),
    certsFolder(directory),
    removedFolder(directory),
    drillsFolderIn(directory),
  ];
  const notes: string[] = [];
  const files = [foundingPath(directory), engineMovePath(directory), fleetFilePath(directory)];
  for (const path of [...folders, ...files]) {
    if (await isLink(path)) notes.push(`${path} was a link: the link was removed, its target stays`);
    // rm does not follow links, neither this one nor any below it.
    await rm(path, { recursive: true, force: true });
  }
  return notes;
}

async function removeFolder(directory: string): Promise<string[]> {
  try {
    await rmdir(directory);
    return [];
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    if (!isErrno(error, "ENOTEMPTY", "EEXIST", "ENOTDIR")) throw error;
    const left = await readdir(directory);
    return [
      `${directory} stays, since fleet did not make: ${left.map((name) => join(directory, name)).join(", ")}`,
    ];
  }
}

async function isLink(path: string): Promise<boolean> {
  return await lstat(path).then((about) => about.isSymbolicLink(), ifAbsent(false));
}

function nameMismatch(fleet: LocalFleet, given: string): OperatorError {
  return new OperatorError("NAME_MISMATCH", {
    what: `the fleet in ${fleet.directory} is called ${fleet.file.name}, not ${given}`,
    why: "the name protects against destroying the wrong fleet; nothing was done",
    next: `fleet destroy --dir ${fleet.directory}, and type ${fleet.file.name}`,
    exit: Exit.Precondition,
  });
}
