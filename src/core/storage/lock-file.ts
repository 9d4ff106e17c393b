// Keeps a second process out of a data folder. Node has no flock, so the lock is a file that names its holder by
// process id and start time: a killed holder leaves a stale lock, which is recognized even if its id was given to
// another process since. What must stay true: the file appears with its content (by a hard link), never empty.
// Deliberately absent: holders in other PID namespaces or on other machines that share the folder.

import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TEMPORARY_SUFFIX } from "../base/durable-file.ts";
import { chooseStartTimeReader, isHidden } from "../base/process-start.ts";
import type { OnReport } from "./report.ts";
import { storageLocked } from "./storage-errors.ts";

export const LOCK_NAME = "lock";

const ATTEMPTS = 5;

export class LockFile {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Throws STORAGE_LOCKED while a live process, this one included, holds the folder. */
  static async acquire(directory: string, onReport: OnReport): Promise<LockFile> {
    const path = join(directory, LOCK_NAME);
    const own = await describeProcess(process.pid);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await tryCreate(path, own)) return new LockFile(path);
      const held = await readHolder(path);
      if (held === null) continue;
      if (await isAlive(held)) throw storageLocked(directory, pidOf(held));
      if (await removeStale(path, held))
        onReport({ kind: "stale-lock-removed", file: path, pid: pidOf(held) });
    }
    throw storageLocked(directory, pidOf((await readHolder(path)) ?? own));
  }

  async release(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

/** The live process that holds the folder, null when none does. Changes nothing. */
export async function lockHolder(directory: string): Promise<number | null> {
  const held = await readHolder(join(directory, LOCK_NAME));
  return held !== null && (await isAlive(held)) ? pidOf(held) : null;
}

/** `<pid> <start time>`; a dash where the system does not tell the latter. */
async function describeProcess(pid: number): Promise<string> {
  return `${pid} ${(await startTimeOf(pid)) ?? "-"}\n`;
}

// A killed holder whose parent has not asked for its end keeps its pid, but runs no more: it has no start time.
async function isAlive(held: string): Promise<boolean> {
  const pid = pidOf(held);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  const recorded = held.trim().slice(String(pid).length + 1);
  const now = await startTimeOf(pid);
  if (now !== null) return now === recorded || recorded === "-";
  // Of a process that is hidden from us only the boot is known: better refuse a start than write one log twice.
  return bootOf(recorded) === bootOf(await startTimeOf(process.pid)) && (await isHidden(pid));
}

/** What a start time from /proc says after its ticks. */
function bootOf(startTime: string | null): string | undefined {
  return startTime?.split("@")[1];
}

async function startTimeOf(pid: number): Promise<string | null> {
  return (await chooseStartTimeReader())(pid);
}

async function tryCreate(path: string, content: string): Promise<boolean> {
  const draft = `${path}-${process.pid}${TEMPORARY_SUFFIX}`;
  await writeFile(draft, content);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    // ENOENT: the holder took our draft for a leftover.
    if (hasCode(error, "EEXIST") || hasCode(error, "ENOENT")) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function readHolder(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

// Two processes may find the same stale lock. Each moves away what stands there and looks at it again: whoever
// moved the other's fresh lock puts it back.
async function removeStale(path: string, stale: string): Promise<boolean> {
  const moved = `${path}-${process.pid}-stale${TEMPORARY_SUFFIX}`;
  try {
    await rename(path, moved);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
  const found = await readHolder(moved);
  const isStale = found === stale;
  if (found !== null && !isStale) await rename(moved, path);
  await rm(moved, { force: true });
  return isStale;
}

function pidOf(held: string): number {
  return Number.parseInt(held, 10);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
