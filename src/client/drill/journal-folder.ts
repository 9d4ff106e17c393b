// Where the journals of a fleet's drills are, and whether there is one. Every command asks, so this loads next to nothing,
// and reads a folder that usually does not exist.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { drillsFolderIn, FLEET_FOLDER } from "../files/layout.ts";

export const JOURNAL_SUFFIX = ".journal.json";

/**
 * The folder for the journals and reports of a fleet's drills: in a local fleet's folder, otherwise in the
 * current one.
 */
export function drillsFolder(directory: string | undefined, cwd: string): string {
  return drillsFolderIn(directory ?? join(cwd, FLEET_FOLDER));
}

export const isJournal = (name: string): boolean => name.endsWith(JOURNAL_SUFFIX);

export async function hasJournals(directory: string | undefined, cwd: string): Promise<boolean> {
  const names = await readdir(drillsFolder(directory, cwd)).catch(() => []);
  return names.some(isJournal);
}
