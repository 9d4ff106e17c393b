// Reads a stopped node's data folder with the same recovery that a start runs, and writes nothing. A folder
// that can be read here can be started; a folder that a start would refuse is refused here with the same
// words.

import type { GroupId } from "../base/ids.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { OperatorKeys } from "../seal/operator-keys.ts";
import { readersOf } from "./at-rest.ts";
import { buildLogs } from "./build-logs.ts";
import { dataPaths, readIdentity, readSegmentSize, type StorageIdentity } from "./data-directory.ts";
import { DiskSpace } from "./disk-space.ts";
import { diskWorld } from "./disk-world.ts";
import { ringToRead } from "./folder-keys.ts";
import { GroupsFile } from "./groups-file.ts";
import { recoverWal } from "./recovery.ts";
import { RejoinMark } from "./rejoin-mark.ts";
import { SnapshotFolder } from "./snapshot-folder.ts";
import { StorageCorrupt } from "./storage-errors.ts";
import { assertDataFolder, assertStopped } from "./verify.ts";
import { isFolder, LOG_MISSING, unwritableFiles } from "./verify-log.ts";

export interface StoppedNode {
  readonly identity: StorageIdentity;
  readonly logs: ReadonlyMap<GroupId, LogReader>;
  /** The node had lost its disk and was not readmitted: its vote and its acknowledgements do not count. */
  readonly isAmnesiac: boolean;
  /** What the folder remembers of the groups beside the fleet's own. */
  readonly groupsFile: GroupsFile;
}

/**
 * Throws NOT_A_DATA_FOLDER, STORAGE_LOCKED (if a process holds the folder before or after the read) or
 * StorageCorrupt. For an encrypted folder also ENCRYPTION_KEY_NEEDED or ENCRYPTION_KEY_WRONG.
 */
export async function readStopped(directory: string, keys: OperatorKeys | null = null): Promise<StoppedNode> {
  await assertDataFolder(directory);
  await assertStopped(directory);
  const node = await readData(directory, keys);
  await assertStopped(directory);
  return node;
}

/** The same, for a caller that keeps all others out of the folder. */
export async function readData(directory: string, keys: OperatorKeys | null = null): Promise<StoppedNode> {
  const identity = await readIdentity(directory);
  const { frames, content } = readersOf(directory, await ringToRead(directory, keys), unwritableFiles);
  const paths = dataPaths(directory);
  const ignore = () => undefined;
  if (!(await isFolder(paths.wal))) throw new StorageCorrupt(paths.wal, 0, LOG_MISSING);
  const size = await readSegmentSize(directory);
  const recovered = await recoverWal(paths.wal, size, unwritableFiles, ignore, frames);
  const space = new DiskSpace(diskWorld.clock, ignore);
  const snapshots = new SnapshotFolder(paths.snapshots, space, content, ignore, Number.POSITIVE_INFINITY);
  const logs = await buildLogs(recovered, snapshots);
  const mark = new RejoinMark(directory);
  const isAmnesiac = (await mark.isSet()) && !(await mark.isWhole());
  return { identity, logs, isAmnesiac, groupsFile: await GroupsFile.open(directory) };
}
