// kill -9 midway through and after every single file operation of a recovery. What is left is the old folder,
// untouched and startable; or one that only the same command finishes; or the new one. In each case the same command
// completes the recovery. Then the new log lacks no entry, and a complete backup is there.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { FLEET_GROUP, nodeId } from "../../src/core/base/ids.ts";
import { renderAuditEntry } from "../../src/core/fleet/audit/render-audit.ts";
import { listAudit, listMembers, listProbes } from "../../src/core/fleet/query.ts";
import { replay } from "../../src/core/recover/copy.ts";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";
import { readStopped, type StoppedNode } from "../../src/core/storage/read-stopped.ts";
import { readRecoveryMark } from "../../src/core/storage/recovery-mark.ts";
import { RejoinMark } from "../../src/core/storage/rejoin-mark.ts";
import { verifyDataFolder } from "../../src/core/storage/verify.ts";
import { MemberKind } from "../../src/core/wire/gen/fleet/v1/command.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { turns } from "../turns.ts";
import type { FaultPlan } from "./fault-preload.ts";
import { dataFolder, fillFolder, IDENTITY, PROBES, recover } from "./recovery-folder.ts";

const PRELOAD = fileURLToPath(new URL("fault-preload.ts", import.meta.url));
const CHILD = fileURLToPath(new URL("recovery-kill-child.ts", import.meta.url));
// Each test takes every fourth moment: they run beside each other.
const SLICES = [1, 2, 3, 4];

let origin: string;

beforeAll(async () => {
  origin = await makeFolder();
  await fillFolder(dataFolder(origin));
  await new RejoinMark(dataFolder(origin)).setWhole();
});
afterAll(() => removeFolder(origin));

async function freshHome(context: TestContext): Promise<string> {
  const home = await makeFolder();
  context.onTestFinished(() => removeFolder(home));
  await cp(origin, home, { recursive: true });
  return home;
}

/** Recovers in a process of its own; how it ended. */
async function live(home: string, plan: FaultPlan, context: TestContext): Promise<unknown> {
  const planFile = join(home, "plan.json");
  await writeFile(planFile, JSON.stringify(plan));
  const child = spawn(process.execPath, ["--import", PRELOAD, CHILD, dataFolder(home)], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, FLEET_TEST_FAULTS: planFile },
  });
  context.onTestFinished(() => void child.kill("SIGKILL"));
  const [code, signal] = await once(child, "exit");
  return signal ?? code;
}

type State = "old" | "between" | "new";

/** What was left, which must be one of three whole things. */
async function stateOf(home: string): Promise<State> {
  const directory = dataFolder(home);
  if ((await readRecoveryMark(directory)) !== null) {
    for (const clusterId of [IDENTITY.clusterId, "any"]) {
      const started = DiskStorage.open({ directory, identity: { ...IDENTITY, clusterId } });
      await expect(started).rejects.toMatchObject({ code: "RECOVERY_UNFINISHED" });
    }
    return "between";
  }
  expect(await verifyDataFolder(directory, () => null)).toMatchObject({ damaged: 0 });
  const node = await readStopped(directory);
  if (node.identity.clusterId === IDENTITY.clusterId) {
    expect(logOf(node)).toEqual(logOf(await readStopped(dataFolder(origin))));
    return "old";
  }
  await expectNew(home);
  return "new";
}

function logOf({ logs }: StoppedNode) {
  const log = logs.get(FLEET_GROUP);
  return { ...log?.initialState(), last: log?.lastIndex(), snapshot: log?.snapshot() };
}

async function expectNew(home: string): Promise<void> {
  const { identity, logs, isAmnesiac } = await readStopped(dataFolder(home));
  expect(identity.clusterId).not.toBe(IDENTITY.clusterId);
  expect(identity.nodeId).toBe(1);
  expect(isAmnesiac || (await new RejoinMark(dataFolder(home)).isSet())).toBe(false);
  const log = present(logs.get(FLEET_GROUP), "there is a log");
  const snapshot = log.snapshot();
  if (typeof snapshot === "string") throw new Error("there is a snapshot");
  expect(snapshot.confState.voters).toEqual([nodeId(1)]);
  // The recovery itself is the one entry behind the snapshot, and committed with it.
  expect([log.lastIndex(), log.initialState().hardState.commit]).toEqual(Array(2).fill(snapshot.index + 1));
  const restored = replay(log);
  if (!restored.ok) throw new Error(restored.problem);
  expect(listProbes(restored.state, "d").map((probe) => probe.applications)).toEqual(Array(PROBES).fill(1));
  expect(listMembers(restored.state).map((row) => row.wanted)).toEqual([
    MemberKind.VOTER,
    MemberKind.REMOVED,
    MemberKind.REMOVED,
  ]);
  expect(
    listAudit(restored.state)
      .map(renderAuditEntry)
      .filter((entry) => entry.what.startsWith("recover")),
  ).toHaveLength(1);
}

/** Every finished backup is the folder as it was; at least one is there. */
async function expectBackups(home: string): Promise<void> {
  const names = await readdir(home);
  const backups = names.filter((name) => /^backup-\d{8}T\d{9}Z$/.test(name));
  expect(backups.length).toBeGreaterThan(0);
  for (const name of backups) {
    for (const file of ["meta.json", "wal/0000000000000001.wal", "rejoining"]) {
      expect(await readFile(join(home, name, file))).toEqual(await readFile(join(dataFolder(origin), file)));
    }
  }
}

test.concurrent.for(SLICES)("killed at moment %i, and at every fourth after it", async (first, context) => {
  const seen = new Set<State>();
  const turn = turns("a moment at which nothing kills it", 2_000);
  for (let killAt = first; ; killAt += SLICES.length) {
    turn();
    const home = await freshHome(context);
    const end = await live(home, { killAt }, context);
    const state = await stateOf(home);
    seen.add(state);
    if (state !== "new") await recover(dataFolder(home));
    await expectNew(home);
    await expectBackups(home);
    await removeFolder(home);
    // Beyond the last moment nothing kills it.
    if (end === 0) break;
    expect(end).toBe("SIGKILL");
  }
  expect([...seen].sort()).toEqual(["between", "new", "old"]);
});
