// Whether a drill of this fleet was interrupted. Every command calls it, so it loads little, and reads a
// folder that usually does not exist.

import { readdir } from "node:fs/promises";
import { SystemProcesses } from "../processes/system-processes.ts";
import { drillsFolder, isJournal, journalsIn } from "./journal.ts";

/** A line for people; null = no drill was interrupted. */
export async function interruptedDrill(directory: string | undefined, cwd: string): Promise<string | null> {
  const folder = drillsFolder(directory, cwd);
  const names = await readdir(folder).catch(() => []);
  if (!names.some(isJournal)) return null;
  const found = await journalsIn(folder, await SystemProcesses.open());
  const dead = found.filter(({ isRunning }) => !isRunning);
  if (dead.length === 0) return null;
  const named = dead.map(({ entry, path }) =>
    entry === null ? path : `${entry.drill}, begun ${entry.startedAt}`,
  );
  return `an interrupted drill may have left faults behind (${named.join("; ")}): fleet drill heal`;
}
