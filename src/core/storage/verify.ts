// Checks a stopped node's data folder offline: identity, every frame of the log, the log as a whole, every
// snapshot. What must stay true: nothing is written, not even a lock. Everything that a start would refuse is
// found here too, because the log as a whole is checked by the same recovery. Deliberately absent: repair.

import { join, relative } from "node:path";
import { TEMPORARY_SUFFIX } from "../base/durable-file.ts";
import { OperatorError } from "../base/errors.ts";
import { FLEET_GROUP } from "../base/ids.ts";
import type { OpenedRing } from "../seal/key-ring.ts";
import type { OperatorKeys } from "../seal/operator-keys.ts";
import { readersOf } from "./at-rest.ts";
import { dataPaths, holdsFrame, META_NAME, readMeta, sizeIn } from "./data-directory.ts";
import { ringToRead } from "./folder-keys.ts";
import { GROUPS_FILE_NAME, GroupsFile, kindIn } from "./groups-file.ts";
import { KEY_RING_NAME } from "./key-ring-file.ts";
import { lockHolder } from "./lock-file.ts";
import { FINISH_ADVICE, RECOVERY_MARK_NAME, UNFINISHED } from "./recovery-mark.ts";
import type { SegmentSize } from "./segment.ts";
import { notADataFolder, REJOIN_ADVICE, StorageCorrupt, storageLocked } from "./storage-errors.ts";
import { damaged, type VerifiedFile } from "./verified-file.ts";
import { namesIn, unwritableFiles, verifyLog } from "./verify-log.ts";
import { type DecodeState, type KindOf, verifySnapshots } from "./verify-snapshots.ts";

export interface Verification {
  readonly directory: string;
  /** The cluster of the folder; null when meta.json does not say it. */
  readonly clusterId: string | null;
  readonly nodeId: number | null;
  /** Named relative to the directory. */
  readonly files: readonly VerifiedFile[];
  readonly damaged: number;
}

/**
 * Throws an OperatorError when `directory` is not a data folder, or when a live process holds it at the start
 * or the end. A folder that is being written can't be checked.
 */
export async function verifyDataFolder(
  directory: string,
  decodeState: DecodeState,
  keys: OperatorKeys | null = null,
): Promise<Verification> {
  await assertDataFolder(directory);
  await assertStopped(directory);
  const ring = await verifyRing(directory, keys);
  const { frames, content } = readersOf(directory, ring.opened, unwritableFiles);
  const paths = dataPaths(directory);
  const identity = await verifyIdentity(directory);
  const log = await verifyLog(paths.wal, identity.segment, frames);
  const groups = await verifyGroups(directory);
  const files = [
    identity.file,
    ...ring.files,
    ...log.files,
    ...groups.files,
    ...(await verifySnapshots(paths.snapshots, log.marks, { decodeState, kindOf: groups.kindOf, content })),
    ...(await leftovers([directory, paths.wal, paths.snapshots])),
    ...(await unfinishedRecovery(directory)),
  ];
  await assertStopped(directory);
  const { clusterId, nodeId } = identity;
  const count = files.filter((file) => file.state === "damaged").length;
  const named = files.map((found) => ({ ...found, file: relative(directory, found.file) }));
  return { directory, clusterId, nodeId, files: named, damaged: count };
}

/** Throws STORAGE_LOCKED while a live process holds the folder. */
export async function assertStopped(directory: string): Promise<void> {
  const pid = await lockHolder(directory);
  if (pid !== null) throw storageLocked(directory, pid);
}

/** Throws NOT_A_DATA_FOLDER unless there is something to check. */
export async function assertDataFolder(directory: string): Promise<void> {
  const names = await namesIn(directory);
  // meta.json is written last: without it, a folder whose log was never written to is not a data folder yet.
  if (names.includes(META_NAME)) return;
  if (names.includes("wal") && (await holdsFrame(dataPaths(directory).wal))) return;
  const found = names.length === 0 ? "it is empty or missing" : `it holds ${names.slice(0, 3).join(", ")}`;
  throw notADataFolder(directory, `it has neither ${META_NAME} nor a written log: ${found}`);
}

interface VerifiedIdentity extends Pick<Verification, "clusterId" | "nodeId"> {
  readonly file: VerifiedFile;
  readonly segment: SegmentSize;
}

// Without meta.json the segments' minimum size is unknown; a start refuses the folder anyway.
const UNKNOWN_IDENTITY = { clusterId: null, nodeId: null, segment: { bytes: 0, mayHaveGrown: true } };

async function verifyIdentity(directory: string): Promise<VerifiedIdentity> {
  const file = join(directory, META_NAME);
  try {
    const meta = await readMeta(directory);
    if (meta === null) {
      const lost = damaged(file, 0, "the file is missing, yet there is a log", REJOIN_ADVICE);
      return { ...UNKNOWN_IDENTITY, file: lost };
    }
    const { clusterId, nodeId } = meta;
    const found = `node ${String(nodeId)} of cluster ${String(clusterId)}`;
    return {
      clusterId: typeof clusterId === "string" ? clusterId : null,
      nodeId: typeof nodeId === "number" ? nodeId : null,
      file: { file, state: "ok", offset: null, found, next: null },
      segment: sizeIn(meta),
    };
  } catch (error) {
    if (!(error instanceof StorageCorrupt)) throw error;
    return { ...UNKNOWN_IDENTITY, file: damaged(file, error.offset, error.why, REJOIN_ADVICE) };
  }
}

/** Without the right key nothing can be checked; with a damaged ring nothing can be opened. */
async function verifyRing(
  directory: string,
  keys: OperatorKeys | null,
): Promise<{ readonly opened: OpenedRing | null; readonly files: readonly VerifiedFile[] }> {
  try {
    const opened = await ringToRead(directory, keys);
    if (opened === null) return { opened, files: [] };
    const found = `${opened.ring.keys.length} keys, wrapped with key ${opened.operatorKey.id}`;
    const file = join(directory, KEY_RING_NAME);
    return { opened, files: [{ file, state: "ok", offset: null, found, next: null }] };
  } catch (error) {
    // The identity's check reports damage of meta.json.
    if (!(error instanceof StorageCorrupt)) throw error;
    const isRing = error.file === join(directory, KEY_RING_NAME);
    return {
      opened: null,
      files: isRing ? [damaged(error.file, error.offset, error.why, REJOIN_ADVICE)] : [],
    };
  }
}

/** What the folder remembers of the groups beside the fleet's own. */
async function verifyGroups(
  directory: string,
): Promise<{ readonly kindOf: KindOf; readonly files: readonly VerifiedFile[] }> {
  const file = join(directory, GROUPS_FILE_NAME);
  const isThere = (await namesIn(directory)).includes(GROUPS_FILE_NAME);
  try {
    const groups = await GroupsFile.open(directory);
    const kindOf: KindOf = (group) => (group === FLEET_GROUP ? null : kindIn(groups, group));
    const found = "the groups beside the fleet's own";
    return { kindOf, files: isThere ? [{ file, state: "ok", offset: null, found, next: null }] : [] };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    // No kind is known, so only the checksums of the groups' snapshots can be checked.
    const kindOf: KindOf = (group) => (group === FLEET_GROUP ? null : "unknown");
    return { kindOf, files: [damaged(file, 0, error.parts.why ?? error.parts.what, REJOIN_ADVICE)] };
  }
}

// A start would refuse the folder, even if all else is sound.
async function unfinishedRecovery(directory: string): Promise<VerifiedFile[]> {
  if (!(await namesIn(directory)).includes(RECOVERY_MARK_NAME)) return [];
  return [damaged(join(directory, RECOVERY_MARK_NAME), 0, UNFINISHED, FINISH_ADVICE)];
}

async function leftovers(directories: readonly string[]): Promise<VerifiedFile[]> {
  const files = await Promise.all(
    directories.map(async (directory) => (await namesIn(directory)).map((name) => join(directory, name))),
  );
  return files
    .flat()
    .filter((file) => file.endsWith(TEMPORARY_SUFFIX))
    .map((file) => ({
      file,
      state: "leftover",
      offset: null,
      found: "a write that a crash interrupted; nothing refers to it",
      next: null,
    }));
}
