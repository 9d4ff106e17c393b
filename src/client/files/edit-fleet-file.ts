// Changes fleet.yaml as a whole: after a crash it is the old one or the new one. The caller holds the fleet's
// lock.

import { readFile } from "node:fs/promises";
import { writeFileDurably } from "../../core/base/durable-file.ts";
import { fleetFilePath } from "./layout.ts";

export async function editFleetFile(directory: string, edit: (text: string) => string): Promise<void> {
  const path = fleetFilePath(directory);
  await writeFileDurably(path, Buffer.from(edit(await readFile(path, "utf8"))));
}
