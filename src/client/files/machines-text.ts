// The first machines file of a new fleet's shards, as its operator wrote it.

import { parseMachinesFile, readMachinesText } from "../../core/wire/files/machines-file.ts";
import { readInput } from "./read-input.ts";

/** Throws like `readMachinesFile`: an error before a fleet is made is better than one in its shards' logs. */
export async function machinesText(path: string): Promise<string> {
  const text = await readMachinesText(path, readInput);
  parseMachinesFile(text, path);
  return text;
}
