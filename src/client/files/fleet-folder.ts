// What is at the place of a new fleet, and the staging folders beside it that a crash may have left. A
// fleet's folder appears by one rename of a complete staging folder, so a half-made fleet is always a staging
// folder.
import { lstat, mkdir, readdir, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { createDirectory } from "../../core/base/durable-file.ts";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { ifAbsent, isErrno } from "../../core/base/system-error.ts";
import { readPidFile } from "../processes/pid-file.ts";
import { isAlive, type Processes, type ProcessIdentity } from "../processes/processes.ts";
import { FLEET_FOLDER, lockPath } from "./layout.ts";
import { findLocalFleet, type LocalFleet } from "./local-fleet.ts";
import { requireWritable } from "./writable.ts";

export type FleetFolder =
  | { readonly kind: "fleet"; readonly fleet: LocalFleet }
  /** Nothing or an empty folder is there: a fleet may be made. */
  | { readonly kind: "free"; readonly directory: string };

/** The folder of `fleet init` without `--dir`. */
export const defaultFolder = (cwd: string): string => join(cwd, FLEET_FOLDER);

/**
 * Reads `directory` without changing it. Throws FOREIGN_DIRECTORY when it contains something other than a
 * fleet.
 */
export function inspectFolder(directory: string): Promise<FleetFolder> {
  return orUnusable(directory, () => inspect(directory));
}

async function inspect(directory: string): Promise<FleetFolder> {
  const folder = await realFolder(directory);
  const fleet = await findLocalFleet(folder);
  if (fleet !== null) return { kind: "fleet", fleet };
  const entries = await entriesOf(folder);
  if (entries.length === 0) return { kind: "free", directory: folder };
  throw foreign(
    folder,
    `it holds ${entries.slice(0, 3).join(", ")}${entries.length > 3 ? ", …" : ""} but no fleet.yaml`,
  );
}

/** Throws FOLDER_UNUSABLE when no staging folder could be made for a fleet in `directory`. Makes nothing. */
export function requireRoomFor(directory: string): Promise<void> {
  return orUnusable(directory, () => requireWritable(dirname(directory)));
}

/** Makes a new empty folder beside `directory`; once complete, it is renamed to `directory`. */
export async function makeStagingFolder(directory: string, owner: string): Promise<string> {
  const staging = `${directory}.tmp-${owner}`;
  await orUnusable(directory, async () => {
    await createDirectory(dirname(directory));
    await mkdir(staging, { mode: 0o700 });
  });
  return staging;
}

const NOWHERE = [
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOENT",
  "EOPNOTSUPP",
  "ENOTDIR",
  "ENOSPC",
  "EDQUOT",
  "ENAMETOOLONG",
  "ELOOP",
];

/** The system's error about a place where no fleet can be, in an operator's words. */
async function orUnusable<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isErrno(error, ...NOWHERE)) throw error;
    throw new OperatorError("FOLDER_UNUSABLE", {
      what: `no fleet can be in ${directory}`,
      why: messageOf(error),
      next: "choose a folder that you can write to: fleet init --dir FOLDER",
      exit: Exit.Precondition,
      cause: error,
    });
  }
}

/** Removes what interrupted runs of `fleet init` left beside `directory`; returns a note for each. */
export async function sweepStagingFolders(directory: string, processes: Processes): Promise<string[]> {
  const prefix = `${basename(directory)}.tmp-`;
  const parent = dirname(directory);
  const notes: string[] = [];
  for (const entry of await readdir(parent, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || !/^\d+-[0-9a-f]+$/.test(entry.name.slice(prefix.length))) continue;
    if (!entry.name.startsWith(prefix)) continue;
    const staging = join(parent, entry.name);
    if (!(await isAbandoned(staging, processes))) continue;
    await rm(staging, { recursive: true, force: true });
    notes.push(`removed ${staging}, left by a fleet init that was interrupted`);
  }
  return notes;
}

/** Removes what this process has staged beside `directory`, also while it is being filled or renamed into place. */
export async function removeOwnStaging(directory: string, { pid }: ProcessIdentity): Promise<void> {
  const prefix = `${basename(directory)}.tmp-${pid}-`;
  const parent = dirname(directory);
  const staged = async () =>
    (await readdir(parent).catch(() => [])).filter((name) => name.startsWith(prefix));
  // Its maker may make the folder anew under the old name, by a file's missing parents.
  for (let names = await staged(); names.length > 0; names = await staged())
    for (const name of names) await removeAside(join(parent, name));
}

/**
 * Under its own name the folder could be renamed into place half removed. The other name is a staging folder's too: whatever is
 * left of it, the next run removes.
 */
async function removeAside(staging: string): Promise<void> {
  const aside = `${staging}0`;
  try {
    await rename(staging, aside);
  } catch (error) {
    // It is in its place by now, and whole.
    if (isErrno(error, "ENOENT")) return;
    throw error;
  }
  // It may still be filled: then the first attempt finds it not empty.
  await rm(aside, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

/**
 * A staging folder holds its maker's lock; one without a lock is left alone unless the pid in its name is
 * free.
 */
async function isAbandoned(staging: string, processes: Processes): Promise<boolean> {
  const maker = await readPidFile(lockPath(staging));
  if (maker.kind === "names") return !(await isAlive(maker.identity, processes));
  const pid = Number(/tmp-(\d+)-[0-9a-f]+$/.exec(staging)?.[1]);
  return (await processes.identify(pid)) === null;
}

/** The folder behind symbolic links, so that renaming and removing act on the folder, not on a link to it. */
async function realFolder(directory: string): Promise<string> {
  return await realpath(directory).catch(ifAbsent(resolve(directory)));
}

async function entriesOf(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT")) {
      // A broken link exists although its target does not.
      if (
        await lstat(directory).then(
          () => true,
          () => false,
        )
      )
        throw foreign(directory, "it is a broken link");
      return [];
    }
    if (isErrno(error, "ENOTDIR")) throw foreign(directory, "it is not a folder");
    throw error;
  }
}

function foreign(directory: string, why: string): OperatorError {
  return new OperatorError("FOREIGN_DIRECTORY", {
    what: `${directory} is not a fleet's folder, and nothing in it was touched`,
    why,
    next: "choose an empty or a new folder: fleet init --dir FOLDER",
    exit: Exit.Precondition,
  });
}
