// What is committed is applied in pages, a turn of the event loop each. A follower that was away may have much to
// apply, or many clients may have written at once. The replica serves ticks and messages between the pages. Counted
// in bytes, not in time.

import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import type { Entry, Snapshot } from "../../../../src/core/raft/message.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import { Command } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { foundingSnapshot, type Member, recordProbe, startMember } from "../group.ts";

const [self, leader] = [nodeId(1), nodeId(2)];
const TERM = term(2);
// The harness's own limit (group.ts).
const PAGE_BYTES = 1024;

async function start(): Promise<Member> {
  const storage = new MemoryStorage();
  const snapshot = foundingSnapshot([self, leader, nodeId(3)]);
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot });
  return startMember(self, storage, {
    send: () => undefined,
    now: () => 0,
    snapshotEvery: 10_000,
    onFatal: (error) => expect.fail(String(error)),
  });
}

const entries = (count: number): Entry[] =>
  Array.from({ length: count }, (_, at) => {
    const command = {
      ...Command.create(),
      reason: "as long as a reason may well be",
      operation: recordProbe(at),
    };
    const data = Command.encode(command).finish();
    return { index: logIndex(at + 2), term: TERM, type: "normal", data };
  });

/** The bytes of commands that are applied in each turn from now on, the last one first to be grown. */
function appliedBytes({ machine }: Member): number[] {
  const turns = [0];
  const apply = machine.apply.bind(machine);
  machine.apply = (index, data) => {
    turns[turns.length - 1] = (turns.at(-1) ?? 0) + data.length;
    return apply(index, data);
  };
  return turns;
}

function receiveAll({ driver }: Member, all: readonly Entry[]): void {
  const commit = all.at(-1)?.index ?? logIndex(1);
  const message = { from: leader, to: self, term: TERM, index: logIndex(1), logTerm: term(1) };
  driver.receive(newMessage("MsgApp", { ...message, commit, entries: [...all] }));
}

test("all that is committed at once is applied in pages of bounded size, a turn each", async () => {
  const follower = await start();
  const turns = appliedBytes(follower);
  const all = entries(400);
  receiveAll(follower, all);
  for (let turn = 0; turn < 200; turn += 1) {
    await nextTurn();
    turns.push(0);
  }
  expect(follower.driver.appliedIndex).toBe(401);
  expect(turns.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(10 * PAGE_BYTES);
  expect(Math.max(...turns)).toBeLessThanOrEqual(PAGE_BYTES);
  follower.driver.stop();
});

test("what waits for its turn is applied before a snapshot that comes meanwhile is restored", async () => {
  const follower = await start();
  const other = await start();
  const all = entries(100);
  receiveAll(other, all);
  for (let turn = 0; turn < 60; turn += 1) await nextTurn();
  const parts: Uint8Array[] = [];
  for await (const part of other.machine.capture()()) parts.push(part);
  const data = new Uint8Array(Buffer.concat(parts));
  const snapshot: Snapshot = {
    ...foundingSnapshot([self, leader, nodeId(3)]),
    index: logIndex(101),
    term: TERM,
    data,
  };
  receiveAll(follower, all.slice(0, 60));
  for (let turn = 0; turn < 2; turn += 1) await nextTurn();
  expect(follower.driver.appliedIndex).toBeLessThan(61);
  follower.driver.receive(newMessage("MsgSnap", { from: leader, to: self, term: TERM, snapshot }));
  for (let turn = 0; turn < 60; turn += 1) await nextTurn();
  expect(follower.driver.appliedIndex).toBe(101);
  expect(follower.machine.view.hash()).toBe(other.machine.view.hash());
  for (const { driver } of [follower, other]) driver.stop();
});
