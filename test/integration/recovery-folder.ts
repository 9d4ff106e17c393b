// A data folder as a fleet's node leaves it, and the recovery of it that tests perform. The recovery runs in this
// process, or in one that is killed meanwhile.

import { join } from "node:path";
import { lookAtFolders } from "../../src/client/recover/look.ts";
import { planRecovery, type RecoveryPlan } from "../../src/client/recover/plan.ts";
import { recoverFolder } from "../../src/client/recover/recover-fleet.ts";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../src/core/base/ids.ts";
import { onlyVoters } from "../../src/core/base/only-voters.ts";
import { OUTSIDE_SESSIONS } from "../../src/core/base/outside-sessions.ts";
import type { Entry } from "../../src/core/raft/message.ts";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { Command, MemberKind, type Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";

export const IDENTITY = { clusterId: "c-old", nodeId: nodeId(1) };
export const PROBES = 6;
const SEGMENT_BYTES = 8_192;
const MEMBERS = [1, 2, 3];

export const dataFolder = (home: string): string => join(home, "data");

/** One of three voters: a founding snapshot, members, probes, of which the last are not known to be committed. */
export async function fillFolder(directory: string): Promise<void> {
  const storage = await DiskStorage.open({ directory, identity: IDENTITY, segmentBytes: SEGMENT_BYTES });
  const voters = MEMBERS.map(nodeId);
  const confState = onlyVoters(voters);
  const founding = { index: logIndex(1), term: term(1), confState, data: new Uint8Array() };
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot: founding });
  const entries = operations().map((kind, at) => entry(at + 2, kind));
  const commit = logIndex(entries.length - 1);
  const hardState = { term: term(3), vote: nodeId(2), commit };
  await storage.write({ group: FLEET_GROUP, hardState, entries, snapshot: null });
  await storage.close();
}

function operations(): NonNullable<Operation["kind"]>[] {
  const members = MEMBERS.map((id) => ({
    ...{ nodeId: id, name: `n${id}`, address: `h:${id}`, wanted: MemberKind.VOTER, version: 0, sinceMs: 0 },
  }));
  const probes = Array.from({ length: PROBES }, (_, at) => at + 1).map((number) => ({
    $case: "recordProbe" as const,
    value: { drillId: "d", number },
  }));
  return [{ $case: "foundMembers", value: { members } }, ...probes];
}

function entry(index: number, kind: NonNullable<Operation["kind"]>): Entry {
  const headers = { ...OUTSIDE_SESSIONS, actor: "test", reason: "", atMs: 1 };
  const data = Command.encode({ ...headers, operation: { kind }, formatVersion: 0 }).finish();
  return { index: logIndex(index), term: term(2), type: "normal", data };
}

/** What `fleet recover --force-new-cluster --data` does. */
export async function recover(directory: string): Promise<RecoveryPlan> {
  const looked = await lookAtFolders([directory]);
  const plan = await planRecovery(looked, { node: null, reason: "test", acceptBehind: false }, Date.now());
  await recoverFolder(plan, () => undefined);
  return plan;
}
