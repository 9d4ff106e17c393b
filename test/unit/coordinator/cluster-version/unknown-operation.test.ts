// An operation of a newer build in the log of a group (issues 10 and 11). No replica that lacks it applies it,
// whatever version its entry names. From a peer it is dropped, so the key of one member stops no other. Where it is
// on the disk already, the replica stops: a newer build wrote it, and this one took its place.

import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { Exit } from "../../../../src/core/base/errors.ts";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import type { Dropped } from "../../../../src/core/coordinator/group/dropped-messages.ts";
import { KNOWN_VERSION } from "../../../../src/core/fleet/format.ts";
import type { Entry, Message } from "../../../../src/core/raft/message.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import {
  encodeCommand,
  foundingSnapshot,
  type Member,
  registerShard,
  startMember,
  TestGroup,
} from "../group.ts";

// Field 7 of a command, the operation, which has one field of its own: 999, an empty message. Field 8 is the version.
const UNKNOWN = Uint8Array.of((7 << 3) | 2, 3, 0xba, 0x3e, 0, 8 << 3, KNOWN_VERSION);
const NEWER_FORMAT = Uint8Array.of(...encodeCommand(registerShard("s1"), 0), 8 << 3, 200, 1);

const entryOf = (data: Uint8Array): Entry => ({ term: term(2), index: logIndex(2), type: "normal", data });

const started: Member[] = [];
afterEach(() => {
  for (const { driver } of started.splice(0)) driver.stop();
});

/** One of three, which holds `entries` after the founding, all committed. */
async function startOne(entries: readonly Entry[]) {
  const storage = new MemoryStorage();
  const group = FLEET_GROUP;
  const founding = foundingSnapshot([1, 2, 3].map(nodeId));
  await storage.write({ group, hardState: null, entries: [], snapshot: founding });
  const hardState = { term: term(2), vote: nodeId(0), commit: logIndex(1 + entries.length) };
  if (entries.length > 0) await storage.write({ group, hardState, entries, snapshot: null });
  const failures: unknown[] = [];
  const dropped: Dropped[] = [];
  const member = startMember(nodeId(1), storage, {
    ...{ send: () => undefined, now: () => 0, snapshotEvery: 10_000 },
    onFatal: (error) => failures.push(error),
    onDropped: (message) => dropped.push(message),
  });
  started.push(member);
  await settle();
  return { ...member, failures, dropped };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

/** As the leader of a new term would send it, and as one that says it is committed. */
function append(data: Uint8Array): Message {
  return newMessage("MsgApp", {
    ...{ from: nodeId(3), to: nodeId(1), term: term(2), index: logIndex(1), logTerm: term(1) },
    ...{ entries: [entryOf(data)], commit: logIndex(2) },
  });
}

test.each([
  { data: UNKNOWN, why: "an operation that no build has" },
  { data: NEWER_FORMAT, why: "a format that no build has" },
])(
  "a peer's entry of $why is dropped: it is neither stored nor applied, and moves no term",
  async ({ data }) => {
    const one = await startOne([]);
    const before = one.driver.status();
    one.driver.receive(append(data));
    await settle();
    expect(one.failures).toEqual([]);
    expect(one.dropped).toMatchObject([{ reason: "unknown-command", from: 3, type: "MsgApp", term: 2 }]);
    const { term: now, lastIndex } = one.driver.status();
    expect({ now, lastIndex }).toEqual({ now: before.term, lastIndex: before.lastIndex });
  },
);

test("one that this build knows is taken in", async () => {
  const one = await startOne([]);
  one.driver.receive(append(encodeCommand(registerShard("s1"), 0)));
  await settle();
  expect(one.dropped).toEqual([]);
  expect(one.driver.appliedIndex).toBe(2);
});

test("one that is on the disk already stops the replica, and is no part of its state", async () => {
  const one = await startOne([entryOf(UNKNOWN)]);
  expect(one.failures).toMatchObject([{ code: "FORMAT_UNKNOWN", parts: { exit: Exit.Precondition } }]);
  expect(one.driver.appliedIndex).toBe(1);
});

test("a leader that writes one gets no follower to store it, and none stops", async () => {
  const group = new TestGroup(3);
  const leader = await group.leader();
  await group.propose(leader, registerShard("s1"));
  await group.run(5);
  const before = group.members.map(({ driver, machine }) => [driver.appliedIndex, machine.view.hash()]);
  expect(before).toEqual(Array(3).fill(before[0]));
  void leader.driver.propose(UNKNOWN, group.nowMs + 5_000);
  await group.run(50);
  const after = group.members.map(({ driver, machine }) => [driver.appliedIndex, machine.view.hash()]);
  expect(after).toEqual(before);
  group.close();
});
