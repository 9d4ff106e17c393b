// Makes one stopped node's data folder the start of a new cluster. What must stay true: until the backup is
// whole and synced, the folder is unchanged. No node can start on it while it has the mark. Every step in
// between can be repeated, so that running it again finishes a recovery that was killed anywhere.

import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { present } from "../../core/base/assert.ts";
import { copyFolderDurably, exists } from "../../core/base/durable-copy.ts";
import { TEMPORARY_SUFFIX } from "../../core/base/durable-file.ts";
import { FLEET_GROUP, groupId, logIndex, term } from "../../core/base/ids.ts";
import { isErrno } from "../../core/base/system-error.ts";
import { recoveredGroup } from "../../core/recover/group-copies.ts";
import { recovered } from "../../core/recover/new-beginning.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import { readIdentity, writeIdentity } from "../../core/storage/data-directory.ts";
import { DiskStorage } from "../../core/storage/disk-storage.ts";
import { giveRing, ringToRead } from "../../core/storage/folder-keys.ts";
import { GroupsFile } from "../../core/storage/groups-file.ts";
import { LOCK_NAME, LockFile } from "../../core/storage/lock-file.ts";
import { readData, type StoppedNode } from "../../core/storage/read-stopped.ts";
import { type RecoveryMark, writeRecoveryMark } from "../../core/storage/recovery-mark.ts";
import { RejoinMark } from "../../core/storage/rejoin-mark.ts";
import type { OnReport } from "../../core/storage/report.ts";
import { addHeldDenials } from "../../core/wire/tls/held-denials.ts";
import * as refuse from "./refusals.ts";

/** Backup, then the mark: until the mark is removed, the folder belongs to neither cluster. */
export async function beginRecovery(
  directory: string,
  mark: RecoveryMark,
  keys: OperatorKeys | null = null,
): Promise<void> {
  const { uid } = await stat(directory);
  if (process.getuid !== undefined && uid !== process.getuid())
    throw refuse.notTheOwner(directory, uid, "recover");
  const lock = await LockFile.acquire(directory, () => undefined);
  try {
    await assertUnchanged(directory, mark, keys);
    await backUp(directory, mark.backup);
    await writeRecoveryMark(directory, mark);
  } finally {
    await lock.release();
  }
}

async function backUp(directory: string, backup: string): Promise<void> {
  if (await exists(backup)) throw refuse.backupExists(backup);
  try {
    await sweepDrafts(dirname(backup));
    await copyFolderDurably(directory, backup, isNotData);
  } catch (error) {
    throw isErrno(error, "ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS")
      ? refuse.backupFailed(backup, error)
      : error;
  }
}

/** Everything except the removal of the mark. Repeats steps that were done already. */
export async function rewriteFolder(
  directory: string,
  mark: RecoveryMark,
  onProgress: (step: string) => void,
  keys: OperatorKeys | null = null,
): Promise<void> {
  const { formerClusterId, clusterId, nodeId } = mark;
  const identity = await readIdentity(directory);
  const onReport: OnReport = ({ kind }) => {
    if (kind === "disk-full") onProgress("the disk is full; free space, and this continues");
  };
  const isEncrypted = (await ringToRead(directory, keys)) !== null;
  const encryption = isEncrypted && keys !== null ? { keys, existing: false } : null;
  const storage = await DiskStorage.open({
    ...{ directory, identity, encryption, finishesRecovery: true, onReport },
  });
  try {
    // Read whole: the open storage leaves a large snapshot in its file.
    const { logs } = await readData(directory, keys);
    const log = present(logs.get(FLEET_GROUP), "a folder that was chosen holds the fleet's log");
    await rewriteGroups(storage, { directory, logs }, mark, keys);
    const { lostGroups = [] } = mark;
    if (lostGroups.length > 0) onProgress(lostInWords(lostGroups));
    const snapshot = log.snapshot();
    const isDone = snapshot !== "unavailable" && snapshot.index === mark.index;
    if (!isDone) await storage.write({ group: FLEET_GROUP, ...recovered(log, mark) });
  } finally {
    await storage.close();
  }
  if (identity.clusterId === formerClusterId) {
    // The ring first: if the recovery is killed in between, it starts again from meta.json, which still has
    // the former id.
    await giveRing(directory, { clusterId, nodeId }, keys);
    await writeIdentity(directory, { clusterId, nodeId });
  }
  const { revocations = [] } = mark;
  if (revocations.length > 0) await addHeldDenials(directory, clusterId, revocations);
  // It votes alone: no other replica is left that could readmit it.
  await new RejoinMark(directory).clear();
}

const GROUPS_NAMED = 5;

function lostInWords(groups: readonly number[]): string {
  const named = groups.slice(0, GROUPS_NAMED).join(", ");
  const more = groups.length > GROUPS_NAMED ? ` and ${groups.length - GROUPS_NAMED} more` : "";
  return `no copy of group ${named}${more} was found: their rows are removed, so that they can be created again`;
}

/** Each continues from its furthest copy, with this node as its only voter. Repeats nothing that was done. */
async function rewriteGroups(
  storage: DiskStorage,
  { directory, logs }: Pick<StoppedNode, "logs"> & { readonly directory: string },
  { nodeId, groups = [], lostGroups = [] }: RecoveryMark,
  keys: OperatorKeys | null,
): Promise<void> {
  for (const { group: number, term: inTerm, last, from } of groups) {
    const group = groupId(number);
    const own = logs.get(group) ?? storage.reader(group);
    const furthest = from === directory ? own : (await readData(from, keys)).logs.get(group);
    const order = { node: nodeId, term: term(inTerm), last: logIndex(last) };
    const copy = present(furthest, "a folder that was chosen holds the group's log");
    const rewritten = recoveredGroup(own, copy, order);
    if (rewritten !== null) await storage.write({ group, ...rewritten });
  }
  const kept = groups.map(({ group, kind }) => ({ group: groupId(group), kind }));
  const file = await GroupsFile.open(directory);
  if (kept.length > 0) await file.replaceAll(kept);
  if (lostGroups.length > 0) await file.forget(lostGroups.map(groupId));
}

/** Left by earlier attempts that were killed before their backup was whole. */
async function sweepDrafts(parent: string): Promise<void> {
  const drafts = (await readdir(parent)).filter((name) => DRAFT.test(name));
  for (const name of drafts) await rm(join(parent, name), { recursive: true, force: true });
}

/** Minutes may have passed since the folder was read: an operator was asked. */
async function assertUnchanged(
  directory: string,
  { nodeId, formerClusterId, committed, last }: RecoveryMark,
  keys: OperatorKeys | null,
) {
  const { identity, logs } = await readData(directory, keys);
  const log = present(logs.get(FLEET_GROUP), "a folder that was chosen holds the fleet's log");
  const { hardState } = log.initialState();
  const isSame =
    identity.nodeId === nodeId &&
    identity.clusterId === formerClusterId &&
    log.lastIndex() === last &&
    hardState.commit <= committed;
  if (!isSame) throw refuse.changedMeanwhile(directory);
}

const DRAFT = /^backup-\d{8}T\d{9}Z\.tmp$/;
const isNotData = (name: string): boolean => name.startsWith(LOCK_NAME) || name.endsWith(TEMPORARY_SUFFIX);
