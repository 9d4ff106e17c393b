// Which of the operator's keys open the audit entries that a node has exported. These files are never written
// again, so removing a key makes its files unreadable.

import { join } from "node:path";
import { diskFiles } from "../../base/disk-files.ts";
import type { FileSystem } from "../../base/file-system.ts";
import { ifAbsent } from "../../base/system-error.ts";
import { SEALED_SUFFIX } from "../../seal/sealed-entries.ts";
import { KEY_ID_END, operatorKeyOf } from "../../seal/sealed-export.ts";
import type { AuditFiles } from "../../wire/gen/fleet/v1/coordinator.ts";

const PLAIN_SUFFIX = ".jsonl";
const PLAIN = "";

/** By key, in the order of their ids; plain ones first. Only the head of each file is read. */
export async function auditFilesByKey(
  directory: string,
  files: FileSystem = diskFiles,
): Promise<readonly AuditFiles[]> {
  // The folder is created with the first export.
  const names = await files.list(directory).catch(ifAbsent([]));
  const counts = new Map<string, number>();
  for (const name of names) {
    const key = await keyOf(join(directory, name), files);
    // No key opens a damaged one: fleet audit verify names it.
    if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .map(([operatorKey, count]) => ({ operatorKey, files: count }))
    .sort((a, b) => (a.operatorKey < b.operatorKey ? -1 : 1));
}

async function keyOf(path: string, files: FileSystem): Promise<string | null> {
  if (path.endsWith(PLAIN_SUFFIX)) return PLAIN;
  if (!path.endsWith(PLAIN_SUFFIX + SEALED_SUFFIX)) return null;
  // The operator may move it away meanwhile.
  const file = await files.openToRead(path).catch(() => null);
  if (file === null) return null;
  try {
    return operatorKeyOf(await file.read(0, KEY_ID_END));
  } finally {
    await file.close();
  }
}
