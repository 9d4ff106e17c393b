// Whether a drill of this fleet was interrupted. Every command calls it, so it loads little, and reads a
// folder that usually does not exist.

import { readdir } from "node:fs/promises";
import type { Target } from "../context/target.ts";
import { SystemProcesses } from "../processes/system-processes.ts";
import { drillsFolder, isJournal, journalsOf } from "./journal.ts";

/** Names them for people; null = no drill was interrupted. */
export async function interruptedDrills(
  target: Pick<Target, "name" | "directory">,
  cwd: string,
): Promise<string | null> {
  const names = await readdir(drillsFolder(target.directory, cwd)).catch(() => []);
  if (!names.some(isJournal)) return null;
  const found = await journalsOf(target, cwd, await SystemProcesses.open());
  const dead = found.filter(({ isRunning }) => !isRunning);
  if (dead.length === 0) return null;
  const named = dead.map(({ entry, path }) =>
    entry === null ? path : `${entry.drill}, begun ${entry.startedAt}`,
  );
  return named.join("; ");
}
