// Found by simulation (power cuts of whole clusters), with asynchronous storage writes. The others' votes can elect a
// candidate before its own term and vote are durable. After a crash it would campaign in the same term again, get the
// same votes again, and lead the term twice with different entries.

import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FLEET_GROUP, nodeId, term } from "../../../../src/core/base/ids.ts";
import type { Message } from "../../../../src/core/raft/message.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import { foundingSnapshot, startMember } from "../group.ts";
import { HeldStorage } from "../held-storage.ts";

test("votes are asked for only once the term and the own vote are durable", async () => {
  const [self, leader, other] = [nodeId(1), nodeId(2), nodeId(3)];
  const storage = new HeldStorage();
  const snapshot = foundingSnapshot([self, leader, other]);
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot });
  const sent: Message[] = [];
  const { driver } = startMember(self, storage, {
    send: (message) => sent.push(message),
    now: () => 0,
    snapshotEvery: 100,
    onFatal: (error) => expect.fail(String(error)),
  });
  storage.isHolding = true;
  driver.receive(newMessage("MsgTimeoutNow", { from: leader, to: self, term: term(2) }));
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  expect(sent).toEqual([]);

  storage.release();
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  expect(sent).toMatchObject([
    { type: "MsgVote", to: leader, term: 3 },
    { type: "MsgVote", to: other, term: 3 },
  ]);
  driver.stop();
});
