// Builds the logs in memory from the disk's content: the newest snapshot of each group, the entries after it,
// the hard state.

import type { GroupId } from "../base/ids.ts";
import { MemoryLog } from "./memory.ts";
import type { RecoveredWal } from "./recovery.ts";
import type { SnapshotFolder } from "./snapshot-folder.ts";

/** Throws StorageCorrupt when a snapshot that the log needs is missing or damaged. */
export async function buildLogs(
  recovered: RecoveredWal,
  snapshots: SnapshotFolder,
): Promise<Map<GroupId, MemoryLog>> {
  const logs = new Map<GroupId, MemoryLog>();
  for (const [group, { hardState, mark, entries }] of recovered.groups) {
    const log = new MemoryLog();
    if (mark !== null) {
      const name = { group, term: mark.term, index: mark.index };
      log.applySnapshot(await snapshots.load(name));
    }
    log.append(entries);
    if (hardState !== null) log.setHardState(hardState);
    logs.set(group, log);
  }
  return logs;
}
