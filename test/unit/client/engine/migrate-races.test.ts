// Two commands on one fleet's move: what a command read before it had the lock is no reason to stop, delete or begin
// anything. The etcd is this process's; the fleet's processes are fakes.

import { access, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { EtcdLogCopy } from "../../../../src/client/engine/etcd-log-copy.ts";
import { abortMove, type Mover, performMove } from "../../../../src/client/engine/migrate.ts";
import { finishable, finishMoves, planMove } from "../../../../src/client/engine/plan-move.ts";
import {
  asideOf,
  type EngineMove,
  readEngineMove,
  writeEngineMove,
} from "../../../../src/client/files/engine-move.ts";
import { fleetFilePath, lockPath, processFiles } from "../../../../src/client/files/layout.ts";
import { loadLocalFleet } from "../../../../src/client/files/local-fleet.ts";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import { onlyVoters } from "../../../../src/core/base/only-voters.ts";
import { OUTSIDE_SESSIONS } from "../../../../src/core/base/outside-sessions.ts";
import { headOf } from "../../../../src/core/etcd-log/records.ts";
import { DiskStorage } from "../../../../src/core/storage/disk-storage.ts";
import { Command, GroupKind } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { FakeStore } from "../etcd/fake-store.ts";
import { type FakeWorld, failureOf, fakeWorld } from "../local/fakes.ts";
import { init, inRealTime } from "../local/init-in.ts";

const PREFIX = "/fleet/test";
const BEGUN = { index: 5, term: 2 };

let world: FakeWorld;
let store: FakeStore;
let mover: Mover;
let moving: EngineMove;

beforeEach(async () => {
  world = inRealTime(await fakeWorld());
  await init(world, { nodes: 1 });
  world.processes.signals.length = 0;
  world.processes.launches.length = 0;
  store = await FakeStore.start();
  mover = { fleet: await loadLocalFleet(world.directory), deps: world.deps, keys: null };
  const etcd = { etcd: store.nodes.map(({ address }) => address), prefix: PREFIX };
  moving = {
    ...{ to: "etcd", step: "moving", etcd, stamp: "2026-11-23T1", etcdPorts: { n1: 2379 }, earlier: [] },
    ...{ leavesGroups: false, begun: null, former: null },
  };
});

const journal = () => readEngineMove(world.directory);
const data = () => processFiles(world.directory, "n1").data;

/** Runs `command` while another process holds the lock, which then leaves the fleet as `change` makes it. */
async function whileAnotherWorks(
  command: () => Promise<unknown>,
  change: () => Promise<unknown>,
): Promise<Record<string, unknown>> {
  const lock = lockPath(world.directory);
  await writeFile(lock, JSON.stringify(world.processes.put(7, "now")));
  const failure = failureOf(command());
  // Its own file, which it would link as the lock: it has read what it reads without the lock.
  await expect.poll(() => readdir(dirname(lock))).toContainEqual(expect.stringMatching(/^lock\./));
  await change();
  await rm(lock);
  return await failure;
}

/** The log in etcd as a move begins it. */
async function beginLog(): Promise<void> {
  const client = store.client();
  try {
    const at = { index: logIndex(BEGUN.index), term: term(BEGUN.term) };
    const copy = new EtcdLogCopy(client, PREFIX, mover.fleet.file.clusterId);
    await copy.begin({ ...at, bytes: Buffer.from("state"), hash: "", groups: [] });
  } finally {
    client.close();
  }
}

/** A coordinator on the new engine acknowledged a write. */
function appendToLog(): void {
  const { raw } = headOf(mover.fleet.file.clusterId, logIndex(BEGUN.index + 1), term(BEGUN.term));
  store.put(`${PREFIX}/head`, Buffer.from(raw).toString("latin1"));
}

describe("what another command did meanwhile is seen under the lock", () => {
  test.each(["starting", "done"] as const)(
    "the same move, %s by then, neither stops the new engine nor begins again",
    async (step) => {
      await writeEngineMove(world.directory, moving);
      const failure = await whileAnotherWorks(
        () => performMove(mover, { ...moving, isNew: false }),
        () => writeEngineMove(world.directory, { ...moving, step }),
      );
      expect(failure).toMatchObject({ code: "ENGINE_MOVE_CHANGED" });
      expect(world.processes.signals).toEqual([]);
      expect(await journal()).toMatchObject({ step });
    },
  );

  test("a move that was planned before another one does not set the live data aside", async () => {
    const other = { ...moving, step: "done", stamp: "2026-11-23T2" } as const;
    const failure = await whileAnotherWorks(
      () => performMove(mover, { ...moving, isNew: true }),
      () => writeEngineMove(world.directory, other),
    );
    expect(failure).toMatchObject({ code: "ENGINE_MOVE_CHANGED" });
    expect(world.processes.signals).toEqual([]);
    expect(await journal()).toEqual(other);
  });

  test("a fleet.yaml that changed is not overwritten by an old plan", async () => {
    const failure = await whileAnotherWorks(
      () => performMove(mover, { ...moving, isNew: true }),
      async () => {
        const path = fleetFilePath(world.directory);
        const text = await readFile(path, "utf8");
        await writeFile(path, text.replace(/^name: .*$/m, "name: other"));
      },
    );
    expect(failure).toMatchObject({
      code: "ENGINE_MOVE_CHANGED",
      what: expect.stringContaining("fleet.yaml"),
    });
    expect(await journal()).toBe(null);
  });

  test.each(["starting", "done"] as const)("--abort does not give up a move that is %s", async (step) => {
    await writeEngineMove(world.directory, moving);
    const failure = await whileAnotherWorks(
      () => abortMove(mover, moving),
      () => writeEngineMove(world.directory, { ...moving, step }),
    );
    expect(failure).toMatchObject({ code: "ENGINE_MOVE_CHANGED" });
    expect(world.processes.signals).toEqual([]);
    expect(await journal()).toMatchObject({ step });
  });

  test("--finish deletes nothing once another move has begun", async () => {
    const done = { ...moving, step: "done" } as const;
    await writeEngineMove(world.directory, done);
    const aside = asideOf(world.directory, "n1", done);
    await mkdir(aside, { recursive: true });
    const failure = await whileAnotherWorks(
      () => finishMoves(mover, done),
      () => writeEngineMove(world.directory, { ...moving, stamp: "2026-11-23T2", former: done }),
    );
    expect(failure).toMatchObject({ code: "ENGINE_MOVE_CHANGED" });
    await access(aside);
    expect(await journal()).toMatchObject({ step: "moving" });
  });
});

describe("--abort", () => {
  test.each([null, BEGUN])("is refused once the new log went beyond its begin at %o", async (begun) => {
    const move = { ...moving, begun };
    await writeEngineMove(world.directory, move);
    await beginLog();
    appendToLog();
    expect(await failureOf(abortMove(mover, move))).toMatchObject({ code: "ENGINE_MOVE_STARTED" });
    expect(world.processes.signals).toEqual([]);
    expect(await journal()).toEqual(move);
    expect(store.calls).toContain("range@0");
  });

  test("takes the new log away, and the journal is again the former one", async () => {
    const former = { ...moving, step: "done", stamp: "2026-11-22T1", earlier: ["/old"] } as const;
    const move = { ...moving, begun: BEGUN, former };
    await writeEngineMove(world.directory, move);
    await beginLog();
    await abortMove(mover, move);
    expect(await journal()).toEqual(former);
    const client = store.client();
    const { owner } = await new EtcdLogCopy(client, PREFIX, mover.fleet.file.clusterId).owner();
    client.close();
    expect(owner).toBe("none");
    expect(world.processes.startedNames()).toEqual(["n1"]);
  });
});

test("after --finish a way back still knows where nodes served keys, and there is nothing more to finish", async () => {
  const done = { ...moving, step: "done" } as const;
  await writeEngineMove(world.directory, done);
  await finishMoves(mover, done);
  expect(await journal()).toMatchObject({ step: "finished", etcdPorts: { n1: 2379 }, earlier: [] });
  expect(await failureOf(finishable(mover))).toMatchObject({ code: "ENGINE_MOVE_NONE" });
  expect(await failureOf(planMove(mover, { to: "embedded", etcd: null, leavesGroups: false }))).toMatchObject(
    {
      code: "ENGINE_SAME",
    },
  );
});

test("groups that appeared after the plan are not left behind unasked, and etcd gets nothing", async () => {
  await fillWithKeys(data());
  const failure = await failureOf(performMove(mover, { ...moving, isNew: true }));
  expect(failure).toMatchObject({ code: "GROUPS_STAY" });
  expect(await journal()).toMatchObject({ step: "moving", begun: null });
  expect(store.calls.filter((call) => call.startsWith("txn"))).toEqual([]);
  await access(join(asideOf(world.directory, "n1", moving), "wal"));
});

/** One voter's folder, whose tables name a group of keys. */
async function fillWithKeys(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  const identity = { clusterId: mover.fleet.file.clusterId, nodeId: nodeId(1) };
  const storage = await DiskStorage.open({ directory, identity });
  const confState = onlyVoters([nodeId(1)]);
  const founding = { index: logIndex(1), term: term(1), confState, data: new Uint8Array() };
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot: founding });
  const headers = { ...OUTSIDE_SESSIONS, actor: "test", reason: "", atMs: 1, formatVersion: 0 };
  const value = { groupId: 2, kind: GroupKind.KEYS, founders: [1] };
  const operation = { kind: { $case: "createGroup" as const, value } };
  const entry = { index: logIndex(2), term: term(2), type: "normal" as const };
  await storage.write({
    group: FLEET_GROUP,
    hardState: { term: term(2), vote: nodeId(1), commit: logIndex(2) },
    entries: [{ ...entry, data: Command.encode({ ...headers, operation }).finish() }],
    snapshot: null,
  });
  await storage.close();
}
