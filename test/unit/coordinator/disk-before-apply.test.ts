// What a follower has been told to store is asked of the disk before what is committed is applied: its leader waits for
// the one, and nobody for the other. The disk is asked at the end of the pass in which the write was handed over (wal.ts).

import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FLEET_GROUP, type LogIndex, logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import type { Entry } from "../../../src/core/raft/message.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import { MemoryStorage } from "../../../src/core/storage/memory-storage.ts";
import type { WriteRequest } from "../../../src/core/storage/storage.ts";
import { foundingSnapshot, startMember } from "./group.ts";

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

test("entries leave for the disk before those that they came with the commit of are applied", async () => {
  const order: string[] = [];
  const storage = new DiskAskedLater(order);
  const snapshot = foundingSnapshot([self, leader, nodeId(3)]);
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot });
  const { driver, machine } = startMember(self, storage, {
    send: () => undefined,
    now: () => 0,
    snapshotEvery: 100,
    onFatal: (error) => expect.fail(String(error)),
  });
  const apply = machine.apply.bind(machine);
  machine.apply = (index, data) => {
    order.push(`applied ${index}`);
    return apply(index, data);
  };
  const append = async (index: number, commit: LogIndex) => {
    const entries: Entry[] = [{ index: logIndex(index), term: TERM, type: "normal", data: new Uint8Array() }];
    const behind = { index: logIndex(index - 1), logTerm: index === 2 ? term(1) : TERM };
    driver.receive(newMessage("MsgApp", { from: leader, to: self, term: TERM, commit, entries, ...behind }));
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  };
  await append(2, logIndex(1));
  await append(3, logIndex(2));
  await append(4, logIndex(3));
  expect(order).toEqual([
    "disk asked for 2",
    "disk asked for 3",
    "applied 2",
    "disk asked for 4",
    "applied 3",
  ]);
  driver.stop();
});
