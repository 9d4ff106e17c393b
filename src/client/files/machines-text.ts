// The machines file that a new fleet's shards begin with, as its operator wrote it.

import { parseMachinesFile, readMachinesText } from "../../core/wire/files/machines-file.ts";

/** Throws as `readMachinesFile`: better before a fleet is made than in its shards' logs. */
export async function machinesText(path: string): Promise<string> {
  const text = await readMachinesText(path);
  parseMachinesFile(text, path);
  return text;
}
