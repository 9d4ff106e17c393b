// Makes a data folder with exactly the exported content, marked as one that a recovery is rewriting. From
// here on the recovery takes over (ADR-0005): it starts the new incarnation, and finishes after a crash.

import { present } from "../../core/base/assert.ts";
import { FLEET_GROUP, logIndex, type NodeId, nodeId, term } from "../../core/base/ids.ts";
import { onlyVoters } from "../../core/base/only-voters.ts";
import type { RecoveryOrder } from "../../core/base/recovery-order.ts";
import { type Copy, readCopy } from "../../core/recover/copy.ts";
import { groupsInExport } from "../../core/recover/exported-groups.ts";
import { newBeginning } from "../../core/recover/new-beginning.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import { DiskStorage } from "../../core/storage/disk-storage.ts";
import { GroupsFile } from "../../core/storage/groups-file.ts";
import { readData } from "../../core/storage/read-stopped.ts";
import { type RecoveryMark, writeRecoveryMark } from "../../core/storage/recovery-mark.ts";
import type { ChosenSnapshot } from "./reports.ts";

export interface RestoreOrder
  extends Pick<RecoveryOrder, "clusterId" | "actor" | "reason" | "atMs" | "revocations"> {
  readonly node: NodeId;
  /** Its address; empty = unchanged. */
  readonly address: string;
  /** The store and the snapshot in it. */
  readonly source: string;
  /** Copies that were compared: the new log begins behind their ends too. */
  readonly compared: readonly Copy[];
  /** Encrypts the folder; null or absent = it is plain. */
  readonly keys?: OperatorKeys | null;
}

/** `directory` is absent or empty, and no other process uses it until it is renamed to its place. */
export async function layDown(
  directory: string,
  { manifest, bytes }: ChosenSnapshot,
  order: RestoreOrder,
): Promise<RecoveryMark> {
  const { node, compared, source, keys = null, ...ordered } = order;
  const groups = groupsInExport(bytes, node);
  const identity = { clusterId: manifest.clusterId, nodeId: node };
  const [index, inTerm] = [logIndex(manifest.index), term(manifest.term)];
  const storage = await DiskStorage.open({
    ...{ directory, identity, encryption: keys && { keys, existing: false } },
  });
  try {
    await storage.write({
      group: FLEET_GROUP,
      hardState: { term: inTerm, vote: nodeId(0), commit: index },
      entries: [],
      snapshot: {
        ...{ index, term: inTerm, data: bytes },
        confState: onlyVoters([node]),
      },
    });
    for (const { group, hardState, snapshot } of groups) {
      await storage.write({ group, hardState, entries: [], snapshot });
    }
  } finally {
    await storage.close();
  }
  if (groups.length > 0) await (await GroupsFile.open(directory)).replaceAll(groups);
  const { logs } = await readData(directory, keys);
  const log = present(logs.get(FLEET_GROUP), "a folder that was just written holds the fleet's log");
  const read = readCopy(node, log, false);
  const copy = present(read.ok ? read.copy : null, "a snapshot that was verified can be read back");
  // The export's time is a limit for the age of entries without a time of their own.
  const age = { ...copy.age, newestMs: Math.max(copy.age.newestMs, manifest.atMs) };
  const lostGroups = copy.groups.filter((id) => !groups.some(({ group }) => group === id));
  const mark: RecoveryMark = {
    ...ordered,
    ...newBeginning([{ ...copy, age }, ...compared], order.atMs),
    nodeId: node,
    formerClusterId: manifest.clusterId,
    committed: index,
    last: index,
    backup: source,
    ...(lostGroups.length === 0 ? {} : { lostGroups }),
  };
  await writeRecoveryMark(directory, mark);
  return mark;
}
