// Looking into folders, deciding, and rewriting one, on real files; that it survives kill -9 is an integration test.

import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { heldLists } from "../../../../src/client/recover/kept-revocations.ts";
import { lookAtFolders } from "../../../../src/client/recover/look.ts";
import { diagnosePlaces, planRecovery } from "../../../../src/client/recover/plan.ts";
import { recoverFolder } from "../../../../src/client/recover/recover-fleet.ts";
import { beginRecovery } from "../../../../src/client/recover/recover-folder.ts";
import { present } from "../../../../src/core/base/assert.ts";
import { FLEET_GROUP, groupId, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import { onlyVoters } from "../../../../src/core/base/only-voters.ts";
import { OUTSIDE_SESSIONS } from "../../../../src/core/base/outside-sessions.ts";
import { apply } from "../../../../src/core/fleet/apply.ts";
import { listAudit } from "../../../../src/core/fleet/query.ts";
import { encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import type { FleetState } from "../../../../src/core/fleet/state.ts";
import { configurationsOf, replay } from "../../../../src/core/recover/copy.ts";
import { DiskStorage } from "../../../../src/core/storage/disk-storage.ts";
import { GroupsFile } from "../../../../src/core/storage/groups-file.ts";
import { readStopped } from "../../../../src/core/storage/read-stopped.ts";
import { PART_BYTES } from "../../../../src/core/storage/stored-snapshot.ts";
import type { Operation } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { addHeldDenials, readHeldDenials } from "../../../../src/core/wire/tls/held-denials.ts";
import { fillFolder, IDENTITY } from "../../../integration/recovery-folder.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

const WISH = { node: null, acceptBehind: false, reason: "" };
const NOW_MS = Date.UTC(2026, 10, 21);

let home: string;
let data: string;

beforeEach(async () => {
  home = await temporaryFolder();
  data = join(home, "n1", "data");
  await mkdir(dirname(data));
  await fillFolder(data);
});

const stateOf = async (...folders: readonly string[]) =>
  diagnosePlaces((await lookAtFolders(folders)).places).nodes.find((node) => node.directory === folders[0]);

test("what is no copy is told from a damaged one", async () => {
  expect(await stateOf(join(home, "nowhere"))).toMatchObject({
    state: "missing",
    problem: "there is no folder",
  });
  expect(await stateOf(dirname(data))).toMatchObject({
    state: "missing",
    problem: "its folder holds no log",
  });
  await rm(join(data, "wal"), { recursive: true });
  expect(await stateOf(data)).toMatchObject({
    state: "damaged",
    problem: expect.stringContaining("the log is missing"),
  });
});

test("a folder that a process holds is not looked into, nor recovered from", async () => {
  const storage = await DiskStorage.open({ directory: data, identity: IDENTITY });
  expect(await stateOf(data)).toMatchObject({ state: "running" });
  await expect(planRecovery(await lookAtFolders([data]), WISH, 0)).rejects.toMatchObject({
    code: "FLEET_RUNS",
  });
  await storage.close();
});

test("folders of the same node, or of different clusters, do not belong together", async () => {
  const twin = join(home, "twin");
  await cp(data, twin, { recursive: true });
  await expect(lookAtFolders([data, twin])).rejects.toMatchObject({ code: "USAGE" });
  const stranger = join(home, "stranger");
  const storage = await DiskStorage.open({
    directory: stranger,
    identity: { clusterId: "c-other", nodeId: nodeId(2) },
  });
  await storage.write({
    group: FLEET_GROUP,
    hardState: { term: term(1), vote: nodeId(2), commit: logIndex(0) },
    entries: [{ index: logIndex(1), term: term(1), type: "normal", data: new Uint8Array() }],
    snapshot: null,
  });
  await storage.close();
  await expect(lookAtFolders([data, stranger])).rejects.toMatchObject({ code: "USAGE" });
});

test("a folder that has changed since it was decided is left as it is", async () => {
  const plan = await planRecovery(await lookAtFolders([data]), WISH, Date.now());
  const storage = await DiskStorage.open({ directory: data, identity: IDENTITY });
  const last = storage.reader(FLEET_GROUP).lastIndex();
  const next = { index: logIndex(last + 1), term: term(3), type: "normal" as const, data: new Uint8Array() };
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [next], snapshot: null });
  await storage.close();
  await expect(beginRecovery(data, plan.mark)).rejects.toMatchObject({ code: "PLAN_STALE" });
  expect(await readdir(dirname(data))).toEqual(["data"]);
});

test("what stands where the backup is to be is not overwritten", async () => {
  const plan = await planRecovery(await lookAtFolders([data]), WISH, Date.now());
  await mkdir(plan.mark.backup);
  await expect(beginRecovery(data, plan.mark)).rejects.toMatchObject({ code: "BACKUP_EXISTS" });
});

test("without a backup nothing is changed", async () => {
  const plan = await planRecovery(await lookAtFolders([data]), WISH, Date.now());
  const backup = join(home, "nowhere", "backup");
  await expect(beginRecovery(data, { ...plan.mark, backup })).rejects.toThrow();
  expect(await stateOf(data)).toMatchObject({ state: "whole" });
});

test("two recoveries that were both begun are not both finished", async () => {
  const plan = await planRecovery(await lookAtFolders([data]), WISH, Date.now());
  await beginRecovery(data, plan.mark);
  const twin = join(home, "twin");
  await cp(data, twin, { recursive: true });
  const both = planRecovery(await lookAtFolders([data, twin]), WISH, 0);
  await expect(both).rejects.toMatchObject({ code: "RECOVERY_UNFINISHED" });
  const other = planRecovery(await lookAtFolders([data]), { ...WISH, node: "n9" }, 0);
  await expect(other).rejects.toMatchObject({ code: "RECOVERY_UNFINISHED" });
});

test("recovered from the same folder twice, index and term go on at +1 both times, and the second epoch is higher", async () => {
  const looked = await lookAtFolders([data]);
  const [first, second] = [
    await planRecovery(looked, WISH, NOW_MS),
    await planRecovery(looked, WISH, NOW_MS + 1),
  ];
  const { last, index, term } = first.mark;
  expect({ index, term }).toEqual({ index: last + 1, term: second.mark.term });
  expect(second.mark).toMatchObject({ index, term });
  expect(second.mark.epoch).toBeGreaterThan(first.mark.epoch ?? Number.NaN);
  expect(second.mark.clusterId).not.toBe(first.mark.clusterId);
});

test("a host's clock that is behind the copy's newest entry is told before anything is done", async () => {
  const looked = await lookAtFolders([data]);
  const newestMs =
    looked.places.flatMap(({ sight }) => (sight.kind === "whole" ? [sight.copy.age.newestMs] : []))[0] ?? 0;
  expect(newestMs).toBeGreaterThan(0);
  const behind = await planRecovery(looked, WISH, newestMs - 1_000);
  expect(behind.clockBehindMs).toBe(1_000);
  expect(behind.mark.epoch).toBe(newestMs);
  expect((await planRecovery(looked, WISH, newestMs)).clockBehindMs).toBe(0);
});

test("a recovery that was begun is finished where it was to begin", async () => {
  const plan = await planRecovery(await lookAtFolders([data]), WISH, NOW_MS);
  await beginRecovery(data, plan.mark);
  const resumed = await planRecovery(await lookAtFolders([data]), WISH, NOW_MS + 60_000);
  expect(resumed).toMatchObject({ isResumed: true, mark: plan.mark });
});

test("a group without a copy is forgotten, so that another of its number begins anew", async () => {
  const groups = await GroupsFile.open(data);
  await groups.add([
    { group: groupId(1), kind: "keys", memory: "lost" },
    { group: groupId(2), kind: "tally", memory: "lost" },
  ]);
  const plan = await planRecovery(await lookAtFolders([data]), WISH, Date.now());
  await recoverFolder({ ...plan, mark: { ...plan.mark, lostGroups: [1] } }, () => undefined);
  const after = await GroupsFile.open(data);
  expect(after.find(groupId(1))).toBeUndefined();
  expect(after.find(groupId(2))).toMatchObject({ memory: "lost" });
});

test("the report names the command that starts the node as the new cluster's", async () => {
  const plan = await planRecovery(await lookAtFolders([data]), WISH, Date.now());
  const { next, clusterId } = await recoverFolder(plan, () => undefined);
  expect(next[0]).toContain(`--id 1 --name n1 --fleet NAME --cluster-id ${clusterId}`);
  expect(next[0]).toContain(`--listen h:1 --peers 1=n1@h:1 --data ${data} `);
  await (await DiskStorage.open({ directory: data, identity: { clusterId, nodeId: nodeId(1) } })).close();
  await expect(planRecovery(await lookAtFolders([data]), WISH, 0)).rejects.toMatchObject({
    code: "QUORUM_IS_THERE",
  });
});

test("tables that are too large to be read into memory at a start are recovered too", async () => {
  const before = replay(present((await readStopped(data)).logs.get(FLEET_GROUP), "the folder has a log"));
  if (!before.ok) throw new Error("the log can be replayed");
  const { state } = before;
  const drillId = "d".repeat(200);
  for (let number = 1; !isStoredInParts(state); number += 1) {
    const operation: Operation = { kind: { $case: "recordProbe", value: { drillId, number } } };
    const command = { ...OUTSIDE_SESSIONS, actor: "test", reason: "", atMs: 1, operation };
    apply(state, logIndex(state.appliedIndex + 1), command);
  }
  const storage = await DiskStorage.open({ directory: data, identity: IDENTITY });
  const confState = onlyVoters([1, 2, 3].map(nodeId));
  const head = { index: logIndex(state.appliedIndex), term: term(3), confState };
  const snapshot = { ...head, data: encodeSnapshot(state) };
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot });
  await storage.close();

  const plan = await planRecovery(await lookAtFolders([data]), WISH, NOW_MS);
  await recoverFolder(plan, () => undefined);
  const after = replay(present((await readStopped(data)).logs.get(FLEET_GROUP), "the folder has a log"));
  if (!after.ok) throw new Error("the log can be replayed");
  expect([...after.state.tables.probes.rows()]).toEqual([...state.tables.probes.rows()]);
});

test("a group whose snapshot is too large to be read into memory at a start is recovered too", async () => {
  const keys = groupId(1);
  const storage = await DiskStorage.open({ directory: data, identity: IDENTITY });
  const confState = onlyVoters([1, 2, 3].map(nodeId));
  const snapshot = { index: logIndex(5), term: term(2), confState, data: new Uint8Array(PART_BYTES + 1) };
  await storage.write({ group: keys, hardState: null, entries: [], snapshot });
  await storage.close();

  const plan = await planRecovery(await lookAtFolders([data]), WISH, NOW_MS);
  const groups = [{ group: 1, kind: "keys" as const, term: 3, last: 5, from: data }];
  await recoverFolder({ ...plan, mark: { ...plan.mark, groups } }, () => undefined);
  const log = present((await readStopped(data)).logs.get(keys), "the folder has the group's log");
  expect(log.snapshot()).toMatchObject({ index: 5, data: snapshot.data });
  expect(configurationsOf(log).at(-1)?.state.voters).toEqual([1]);
});

const isStoredInParts = (state: FleetState) =>
  state.appliedIndex % 100 === 0 && encodeSnapshot(state).length > PART_BYTES;

test.each([
  {
    drop: false,
    revoked: ["AA", "fleet://shard/s1"],
    why: "what its lists know to be revoked stays revoked",
  },
  { drop: true, revoked: [], why: "unless the operator gives it up" },
])("a copy that lacks revocations: $why", async ({ drop, revoked }) => {
  const denials = [
    { subject: "AA", issuedBeforeMs: 0 },
    { subject: "fleet://shard/s1", issuedBeforeMs: 5_000 },
  ];
  await mkdir(join(home, "s1"));
  await addHeldDenials(join(home, "s1"), "c-old", denials);
  const revocations = { lists: await heldLists([data, join(home, "s1")]), drop };
  // A list that nothing was ever added to has no version: this one is of an entry that the copy never had.
  const lists = revocations.lists.map((list) => ({ ...list, version: 99 }));
  const plan = await planRecovery(
    await lookAtFolders([data]),
    { ...WISH, revocations: { lists, drop } },
    NOW_MS,
  );
  expect(plan.kept).toMatchObject({ subjects: ["AA", "fleet://shard/s1"], dropped: drop });
  await recoverFolder(plan, () => undefined);
  const log = (await readStopped(data)).logs.get(FLEET_GROUP);
  const replayed = log && replay(log);
  if (!replayed?.ok) throw new Error("the log can be replayed");
  expect([...replayed.state.tables.revocations.rows()].map(({ subject }) => subject)).toEqual(revoked);
  const audit = listAudit(replayed.state).map(({ operation }) => operation);
  expect(audit.slice(drop ? -1 : -2)).toEqual(drop ? ["recoverFleet"] : ["recoverFleet", "keepRevocations"]);
  // In force from the first handshake on.
  expect((await readHeldDenials(data)).denials.map(({ subject }) => subject)).toEqual(revoked);
});

test("a folder that was named for its list must have one", async () => {
  await expect(heldLists([], [home])).rejects.toMatchObject({ code: "DENY_LIST_MISSING" });
  expect(await heldLists([home])).toEqual([]);
});
