// What remains of a node of a local fleet that is not a member any more. Its folder and certificate are moved below
// `removed`, never deleted. After an interruption the move is repeated.

import { rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { createDirectoryDurably, syncDirectory } from "../../core/base/durable-file.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { NodeEntry } from "../files/fleet-file.ts";
import { certsFolder, holderTls, processFiles, removedFolder } from "../files/layout.ts";

/** Returns its new place. The node's process must not run. */
export async function setAside(directory: string, { id, name }: NodeEntry): Promise<string> {
  const aside = join(removedFolder(directory), `${name}-${id}`);
  await createDirectoryDurably(removedFolder(directory));
  await move(processFiles(directory, name).folder, aside);
  // A node whose folder is lost still has its certificate.
  await createDirectoryDurably(aside);
  const { cert, key } = holderTls(directory, name);
  for (const path of [cert, key]) await move(path, join(aside, basename(path)));
  for (const changed of [aside, removedFolder(directory), certsFolder(directory), directory]) {
    await syncDirectory(changed);
  }
  return aside;
}

/** An earlier attempt may have moved it already. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
}
