// A follower asks the disk for what it was told to store before it applies what is committed. Its leader waits for
// the disk, and no replica waits for the apply. The disk is asked at the end of the pass in which the write was
// handed over (wal.ts).

import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import { encodeConfChange } from "../../../../src/core/raft/confchange-codec.ts";
import type { Entry } from "../../../../src/core/raft/message.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import type { WriteRequest } from "../../../../src/core/storage/storage.ts";
import { foundingSnapshot, type Member, startMember } from "../group.ts";

const [self, leader] = [nodeId(1), nodeId(2)];
const TERM = term(2);

class DiskAskedLater extends MemoryStorage {
  readonly order: string[];

  constructor(order: string[]) {
    super();
    this.order = order;
  }

  override async write(request: WriteRequest): Promise<void> {
    const endOfPass = nextTurn();
    await super.write(request);
    await endOfPass;
    for (const { index } of request.entries) this.order.push(`disk asked for ${index}`);
  }
}

let order: string[];
let follower: Member;

beforeEach(async () => {
  order = [];
  const storage = new DiskAskedLater(order);
  const snapshot = foundingSnapshot([self, leader, nodeId(3)]);
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot });
  follower = startMember(self, storage, {
    send: () => undefined,
    now: () => 0,
    snapshotEvery: 100,
    onFatal: (error) => expect.fail(String(error)),
  });
  const { machine } = follower;
  const apply = machine.apply.bind(machine);
  machine.apply = (index, data) => {
    order.push(`applied ${index}`);
    return apply(index, data);
  };
});
afterEach(() => follower.driver.stop());

/** The leader's append of one entry, which tells that the one before it is committed. */
async function append(index: number, parts: Partial<Entry> = {}): Promise<void> {
  const entry: Entry = {
    index: logIndex(index),
    term: TERM,
    type: "normal",
    data: new Uint8Array(),
    ...parts,
  };
  const behind = { index: logIndex(index - 1), logTerm: index === 2 ? term(1) : TERM };
  const message = { from: leader, to: self, term: TERM, commit: behind.index, entries: [entry], ...behind };
  follower.driver.receive(newMessage("MsgApp", message));
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
}

test("entries leave for the disk before the commands that they came with the commit of are applied", async () => {
  for (const index of [2, 3, 4]) await append(index);
  expect(order).toEqual([
    "disk asked for 2",
    "disk asked for 3",
    "applied 2",
    "disk asked for 4",
    "applied 3",
  ]);
});

// The core's configuration is changed by a snapshot as soon as it arrives: nothing older may be made on top of it.
test("a configuration changes at once", async () => {
  const changes = [{ kind: "add-learner", node: nodeId(4) }] as const;
  const data = encodeConfChange({ transition: "auto", changes, context: new Uint8Array() });
  await append(2, { type: "conf-change-v2", data });
  await append(3);
  expect(order).toEqual(["disk asked for 2", "applied 2", "disk asked for 3"]);
  expect(follower.driver.configurationIndex).toBe(2);
});
