// A file that one process at a time holds, so that no two commands start the same node twice. The file
// appears with its content in one step (link) and names its holder by identity. So a lock whose holder died
// is known to be stale and is replaced. It is held only for moments: never while waiting for a leader.
import { randomBytes } from "node:crypto";
import { link, rename, rm, writeFile } from "node:fs/promises";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";
import { formatPidFile, type PidFile, readPidFile } from "./pid-file.ts";
import { isAlive, type Processes } from "./processes.ts";
import type { SupervisorDeps } from "./supervisor.ts";

// Longer than starting or stopping a whole local fleet takes, including the 5 s grace of a stop.
const WAIT_LIMIT_MS = 15_000;
const RETRY_MS = 50;

/** Runs `body` while holding the lock at `path`. Throws FLEET_BUSY when another process keeps it for `waitMs`. */
export async function withLock<T>(
  path: string,
  deps: Pick<SupervisorDeps, "clock" | "processes">,
  body: () => Promise<T>,
  waitMs = WAIT_LIMIT_MS,
): Promise<T> {
  await acquire(path, deps, waitMs);
  try {
    return await body();
  } finally {
    await releaseLock(path);
  }
}

/** Writes a lock held by this process into a folder that no other process uses yet. */
export async function writeHeldLock(path: string, processes: Processes): Promise<void> {
  await writeFile(path, formatPidFile(await processes.self()), { flag: "wx" });
}

/** Releases a lock that this process holds; one that vanished with its folder is released too. */
export async function releaseLock(path: string): Promise<void> {
  await rm(path, { force: true });
}

async function acquire(
  path: string,
  deps: Pick<SupervisorDeps, "clock" | "processes">,
  waitMs: number,
): Promise<void> {
  const deadline = deps.clock.now() + waitMs;
  const ours = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(ours, formatPidFile(await deps.processes.self()), { flag: "wx" });
  try {
    while (!(await tryLink(ours, path))) {
      const holder = await readPidFile(path);
      if (await isStale(holder, deps.processes)) await takeAway(path, holder);
      else if (deps.clock.now() >= deadline) throw busy(path, holder);
      else await deps.clock.sleep(RETRY_MS);
    }
  } finally {
    await rm(ours, { force: true });
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  }
}

async function isStale(holder: PidFile, processes: Processes): Promise<boolean> {
  switch (holder.kind) {
    case "absent":
      return false;
    case "unreadable":
      return true;
    case "names":
      return !(await isAlive(holder.identity, processes));
  }
}

/** Removes a stale lock. If another process has replaced it meanwhile, that lock is put back. */
async function takeAway(path: string, stale: PidFile): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw error;
  }
  if (JSON.stringify(await readPidFile(aside)) !== JSON.stringify(stale)) await tryLink(aside, path);
  await rm(aside, { force: true });
}

function busy(path: string, holder: PidFile): OperatorError {
  const who = holder.kind === "names" ? `process ${holder.identity.pid}` : "another process";
  return new OperatorError("FLEET_BUSY", {
    what: `${who} is changing this fleet`,
    why: `it holds ${path}`,
    next: "wait until it has finished, then run this again",
    exit: Exit.Precondition,
  });
}
