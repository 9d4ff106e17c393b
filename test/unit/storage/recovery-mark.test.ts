import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import { readStopped } from "../../../src/core/storage/read-stopped.ts";
import {
  RECOVERY_MARK_NAME,
  type RecoveryMark,
  readRecoveryMark,
  removeRecoveryMark,
  writeRecoveryMark,
} from "../../../src/core/storage/recovery-mark.ts";
import { verifyDataFolder } from "../../../src/core/storage/verify.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { contents, entries, hardState, openStorage, ownSnapshot, request } from "./support.ts";

const MARK: RecoveryMark = {
  nodeId: nodeId(1),
  address: "10.0.0.1:7000",
  formerClusterId: "c-test",
  clusterId: "c-new",
  index: logIndex(1_000),
  term: term(100),
  committed: logIndex(2),
  last: logIndex(3),
  epoch: 7,
  actor: "offline:op",
  reason: 'a "quoted" reason',
  atMs: 1,
  backup: "/backup",
};

test("a marked folder can't be opened but by who finishes the recovery, and verify says why", async () => {
  const directory = await temporaryFolder();
  await (await openStorage(directory)).close();
  await writeRecoveryMark(directory, MARK);
  expect(await readRecoveryMark(directory)).toEqual(MARK);
  await expect(openStorage(directory)).rejects.toMatchObject({ code: "RECOVERY_UNFINISHED" });
  const { files, damaged } = await verifyDataFolder(directory, () => null);
  expect(damaged).toBe(1);
  expect(files.find((file) => file.file === RECOVERY_MARK_NAME)?.next).toContain("fleet recover");
  await (await openStorage(directory, { finishesRecovery: true })).close();
  await removeRecoveryMark(directory);
  await (await openStorage(directory)).close();
});

test("the mark of an earlier build is read, and says no epoch: its recovery is finished as it was begun", async () => {
  const directory = await temporaryFolder();
  const { epoch: _none, ...earlier } = MARK;
  await writeFile(join(directory, RECOVERY_MARK_NAME), JSON.stringify({ format: 1, ...earlier }));
  expect(await readRecoveryMark(directory)).toEqual({ ...MARK, epoch: null });
});

test("a mark that can't be read is corruption, not absence", async () => {
  const directory = await temporaryFolder();
  expect(await readRecoveryMark(directory)).toBeNull();
  await writeFile(join(directory, RECOVERY_MARK_NAME), "{}");
  await expect(readRecoveryMark(directory)).rejects.toMatchObject({ code: "STORAGE_CORRUPT" });
});

test("what a stopped node holds is read as a start would, and nothing is written", async () => {
  const directory = await temporaryFolder();
  const storage = await openStorage(directory);
  await storage.write(request({ entries: entries(1, 9), hardState: hardState(1, 1, 8) }));
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(4));
  await expect(readStopped(directory)).rejects.toMatchObject({ code: "STORAGE_LOCKED" });
  await storage.close();
  const { identity, logs, isAmnesiac } = await readStopped(directory);
  expect(identity).toEqual({ clusterId: "c-test", nodeId: 1 });
  expect(isAmnesiac).toBe(false);
  const log = logs.get(FLEET_GROUP);
  expect(log && contents(log)).toEqual(contents((await openStorage(directory)).reader(FLEET_GROUP)));
});
