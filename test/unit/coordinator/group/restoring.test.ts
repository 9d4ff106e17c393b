// A snapshot that is too large to be restored in one go: what a replica does, and does not, while it takes one in.

import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import { encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import { FleetState } from "../../../../src/core/fleet/state.ts";
import type { Message, StoredData } from "../../../../src/core/raft/message.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import type { WriteRequest } from "../../../../src/core/storage/storage.ts";
import { Domain } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { foundingSnapshot, type Member, startMember } from "../group.ts";

const [SELF, LEADER, OTHER] = [nodeId(1), nodeId(2), nodeId(3)];
const VOTERS = [SELF, LEADER, OTHER];
const PART_BYTES = 16 * 1024;

let member: Member;
afterEach(() => member.driver.stop());

test("heartbeats are answered and votes given while it restores, and the leader hears that it has the snapshot", async () => {
  const { sent } = await follower();
  const data = slowData(stateAt(50));
  member.driver.receive(snapshotMessage(50, data));
  await data.deliver(2);
  expect(member.driver.isRestoring).toBe(true);
  expect(sent).toContainEqual(expect.objectContaining({ type: "MsgAppResp", index: 50, reject: false }));
  member.driver.receive(newMessage("MsgHeartbeat", { from: LEADER, to: SELF, term: term(2) }));
  await turns();
  expect(sent.at(-1)).toMatchObject({ type: "MsgHeartbeatResp", to: LEADER });
  // The leader is gone; another asks for this replica's vote.
  member.driver.forgetLeader();
  const candidate = { from: OTHER, to: SELF, term: term(3), index: logIndex(60), logTerm: term(2) };
  member.driver.receive(newMessage("MsgVote", candidate));
  await turns();
  expect(sent.at(-1)).toMatchObject({ type: "MsgVoteResp", to: OTHER, term: 3, reject: false });
  await data.deliver();
  expect(member.driver.isRestoring).toBe(false);
  expect(member.machine.view.hash()).toBe(stateAt(50).hash());
});

test("nothing is applied to half a state; what came meanwhile is stored, acknowledged, and applied afterwards", async () => {
  const { sent } = await follower();
  const data = slowData(stateAt(50));
  member.driver.receive(snapshotMessage(50, data));
  await data.deliver(2);
  const entries = [51, 52].map((index) => ({
    ...{ index: logIndex(index), term: term(2), type: "normal" as const, data: new Uint8Array() },
  }));
  const append = { from: LEADER, to: SELF, term: term(2), index: logIndex(50), logTerm: term(2) };
  member.driver.receive(newMessage("MsgApp", { ...append, entries, commit: logIndex(52) }));
  await turns();
  expect(sent.at(-1)).toMatchObject({ type: "MsgAppResp", index: 52, reject: false });
  expect(member.driver.appliedIndex).toBe(1);
  // The old state is given up, and the new one not whole: neither may be read.
  expect(member.machine.view.tables.domains.size).toBe(0);
  await data.deliver();
  expect(member.driver.appliedIndex).toBe(52);
  expect(member.machine.view.hash()).toBe(stateAt(50).hash());
});

// Found by simulation: the entries' write, in the same sync, was over before the snapshot's own. The core heard of it while
// the snapshot was restored, no longer found the entries, and refused what it had acknowledged.
test("entries that are stored a moment before the snapshot that they follow stay in the log while it restores", async () => {
  const { sent } = await follower(new LateSnapshots());
  const data = slowData(stateAt(50));
  member.driver.receive(snapshotMessage(50, data));
  await turns(1);
  const entry = (index: number) => ({
    ...{ index: logIndex(index), term: term(2), type: "normal" as const, data: new Uint8Array() },
  });
  const append = (index: number) =>
    newMessage("MsgApp", {
      ...{ from: LEADER, to: SELF, term: term(2), index: logIndex(index), commit: logIndex(index) },
      ...{ logTerm: term(2), entries: [entry(index + 1)] },
    });
  member.driver.receive(append(50));
  await data.deliver(2);
  expect(member.driver.isRestoring).toBe(true);
  member.driver.receive(append(51));
  await turns();
  expect(sent.at(-1)).toMatchObject({ type: "MsgAppResp", index: 52, reject: false });
  expect(member.driver.status().lastIndex).toBe(52);
  await data.deliver();
  expect(member.machine.view.hash()).toBe(stateAt(50).hash());
});

test("while it restores it does not campaign, however long its leader is silent", async () => {
  const { sent } = await follower();
  const data = slowData(stateAt(50));
  member.driver.receive(snapshotMessage(50, data));
  await data.deliver(2);
  for (let tick = 0; tick < 50; tick += 1) {
    member.driver.tick();
    await turns();
  }
  const asked = (type: Message["type"]) => sent.filter((message) => message.type === type).length;
  expect([asked("MsgPreVote"), asked("MsgVote"), member.driver.role]).toEqual([0, 0, "follower"]);
  await data.deliver();
  for (let tick = 0; tick < 20; tick += 1) {
    member.driver.tick();
    await turns();
  }
  expect(asked("MsgPreVote")).toBeGreaterThan(0);
});

test("a newer snapshot that comes meanwhile takes the place of the one that is restored", async () => {
  await follower();
  const [first, second] = [slowData(stateAt(50)), slowData(stateAt(80))];
  member.driver.receive(snapshotMessage(50, first));
  await first.deliver(2);
  member.driver.receive(snapshotMessage(80, second));
  await turns();
  await first.deliver();
  expect([member.driver.isRestoring, member.driver.appliedIndex]).toEqual([true, 1]);
  await second.deliver();
  expect([member.driver.isRestoring, member.driver.appliedIndex]).toEqual([false, 80]);
  expect(member.machine.view.hash()).toBe(stateAt(80).hash());
});

test("a stop in the middle ends it", async () => {
  const { failures } = await follower();
  const data = slowData(stateAt(50));
  member.driver.receive(snapshotMessage(50, data));
  await data.deliver(2);
  member.driver.stop();
  await data.deliver();
  expect([data.isOpen, member.driver.appliedIndex, failures]).toEqual([false, 1, []]);
});

test("one that can't be read, or decoded, stops the replica", async () => {
  const { failures } = await follower();
  const data = slowData(stateAt(50), 1);
  member.driver.receive(snapshotMessage(50, data));
  await data.deliver();
  expect(failures).toEqual([expect.objectContaining({ code: "SNAPSHOT_DAMAGED" })]);
});

test("a replica that begins with a large snapshot has its state once that is restored", async () => {
  const storage = new MemoryStorage();
  const data = slowData(stateAt(50));
  const snapshot = { ...foundingSnapshot(VOTERS), index: logIndex(50), term: term(2), data };
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot });
  start(storage);
  await turns();
  expect([member.driver.isRestoring, member.driver.appliedIndex]).toEqual([true, 0]);
  await data.deliver();
  await member.driver.restored;
  expect(member.driver.appliedIndex).toBe(50);
  expect(member.machine.view.hash()).toBe(stateAt(50).hash());
});

async function follower(storage = new MemoryStorage()) {
  await storage.write({
    group: FLEET_GROUP,
    hardState: null,
    entries: [],
    snapshot: foundingSnapshot(VOTERS),
  });
  const watched = start(storage);
  member.driver.receive(newMessage("MsgHeartbeat", { from: LEADER, to: SELF, term: term(2) }));
  await turns();
  return watched;
}

function start(storage: MemoryStorage) {
  const sent: Message[] = [];
  const failures: unknown[] = [];
  member = startMember(SELF, storage, {
    send: (message) => sent.push(message),
    now: () => 0,
    snapshotEvery: 10_000,
    onFatal: (error) => failures.push(error),
  });
  return { sent, failures };
}

function snapshotMessage(index: number, data: StoredData): Message {
  const snapshot = { ...foundingSnapshot(VOTERS), index: logIndex(index), term: term(2), data };
  return newMessage("MsgSnap", { from: LEADER, to: SELF, term: term(2), snapshot });
}

function stateAt(index: number): FleetState {
  const state = new FleetState();
  state.advanceTo(logIndex(index));
  for (let number = 0; number < 3_000 + index; number += 1) {
    state.tables.domains.put(Domain.fromPartial({ key: "zone", value: `zone-${number}`, shardId: "s1" }));
  }
  return state;
}

/** Parts that come when the test lets them; the last `missing` of them never do. */
function slowData(state: FleetState, missing = 0) {
  const bytes = encodeSnapshot(state);
  const parts = Math.ceil(bytes.length / PART_BYTES) - missing;
  let allowed = 0;
  let wake: () => void = () => undefined;
  const watch = { isOpen: false };
  async function* read() {
    watch.isOpen = true;
    try {
      for (let at = 0; at < parts; at += 1) {
        while (at >= allowed) await new Promise<void>((resolve) => (wake = resolve));
        yield bytes.subarray(at * PART_BYTES, (at + 1) * PART_BYTES);
      }
    } finally {
      watch.isOpen = false;
    }
  }
  const data: StoredData = { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest(), read };
  return Object.assign(watch, data, {
    deliver: async (count = parts) => {
      allowed = Math.min(parts, allowed + count);
      wake();
      await turns(parts * 4);
    },
  });
}

/** Stores at once; that a received snapshot is stored is said some turns later. */
class LateSnapshots extends MemoryStorage {
  override async write(request: WriteRequest): Promise<void> {
    await super.write(request);
    if (request.snapshot !== null) await turns(4);
  }
}

async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}
