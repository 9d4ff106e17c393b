// A replica that lost its disk (ADR-0002), with a scripted leader: what it takes in and answers, and when.

import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import { Host } from "../../../../src/core/coordinator/host/host.ts";
import { PROFILES } from "../../../../src/core/coordinator/host/profile.ts";
import type { Holding, Readmission } from "../../../../src/core/coordinator/membership/readmission.ts";
import { Replica } from "../../../../src/core/coordinator/membership/replica.ts";
import type { Message, MessageType } from "../../../../src/core/raft/message.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import type { TransportEvents } from "../../../../src/core/transport/transport.ts";
import type { Outcome } from "../../../../src/core/wire/gen/fleet/v1/command.ts";
import { foundingSnapshot, type Member, startMember } from "../group.ts";

const [leader, self] = [nodeId(1), nodeId(3)];
const snapshot = foundingSnapshot([leader, nodeId(2), self]);
const second = { term: term(2), index: logIndex(2), type: "normal", data: new Uint8Array() } as const;

let stop: () => void = () => undefined;
afterEach(() => stop());

test("etcd#10817: it takes nothing in before the log has taken it in, and votes only with the log that did", async () => {
  const lost = start(new MemoryStorage());
  await lost.hear("MsgSnap", { snapshot });
  await lost.hear("MsgVote", { logTerm: term(9), index: logIndex(9) });
  expect([lost.member.driver.status().lastIndex, lost.sent]).toEqual([0, []]);

  await lost.isTold({ kind: "learner", at: logIndex(2) });
  await lost.hear("MsgSnap", { snapshot });
  expect(lost.member.driver.status().lastIndex).toBe(1);
  expect(lost.sent).toMatchObject([{ type: "MsgAppResp", index: 1 }]);
  await lost.hear("MsgVote", { term: term(3), logTerm: term(9), index: logIndex(9) });
  await lost.hear("MsgTimeoutNow", {});
  expect(lost.sent).toHaveLength(1);

  await lost.hear("MsgApp", { logTerm: term(1), index: logIndex(1), entries: [second], commit: logIndex(2) });
  await expect.poll(() => lost.asked.at(-1)).toBe("whole");
  // The others may count on its vote before it hears that it was promoted.
  lost.member.driver.forgetLeader();
  await lost.hear("MsgVote", { term: term(3), from: nodeId(2), logTerm: term(9), index: logIndex(9) });
  expect(lost.sent.at(-1)).toMatchObject({ type: "MsgVoteResp", reject: false });
});

test("whole when it stopped, it votes at once when it starts again", async () => {
  const lost = start(await restored(), true);
  await lost.hear("MsgVote", { term: term(3), logTerm: term(9), index: logIndex(9) });
  expect(lost.sent).toMatchObject([{ type: "MsgVoteResp", reject: false }]);
});

test("it asks until it is a voter, and then forgets that it was lost", async () => {
  const lost = start(await restored());
  await lost.isTold({ kind: "learner", at: logIndex(1) });
  expect(lost.isDone()).toBe(false);
  await lost.isTold({ kind: "voter" });
  expect(lost.isDone()).toBe(true);
});

test("started again half-way it goes on following, and says that it has restored", async () => {
  const lost = start(await restored());
  await lost.hear("MsgHeartbeat", { commit: logIndex(1) });
  expect(lost.sent).toMatchObject([{ type: "MsgHeartbeatResp" }]);
  await expect.poll(() => lost.asked.at(-1)).toBe("part");
});

// Found by simulation: it was promoted, and elected before the answer to its next question came; only a leader answers.
test("who leads is a voter again, although nobody is left to say so", async () => {
  const storage = new MemoryStorage();
  await storage.write({
    group: FLEET_GROUP,
    hardState: null,
    entries: [],
    snapshot: foundingSnapshot([self]),
  });
  const alone = start(storage, true);
  alone.member.driver.campaign();
  await expect.poll(() => alone.isDone()).toBe(true);
});

test("it says how far it has come: waiting, rejoining, a member", async () => {
  const lost = start(new MemoryStorage());
  expect(lost.admission()).toBe("waiting");
  await lost.isTold({ kind: "learner", at: logIndex(1) });
  expect(lost.admission()).toBe("rejoining");
  await lost.isTold({ kind: "voter" });
  expect(lost.admission()).toBe("member");
});

test("a learner for good that is whole is what it is wanted to be", async () => {
  const learner = start(await restored(), true);
  expect(learner.admission()).toBe("rejoining");
  await learner.isTold({ kind: "learner", at: logIndex(1), stays: true });
  expect(learner.admission()).toBe("member");
});

test("a heartbeat for the log that it lost is not answered", async () => {
  const lost = start(new MemoryStorage());
  await lost.isTold({ kind: "learner", at: logIndex(80) });
  await lost.hear("MsgHeartbeat", { commit: logIndex(70) });
  expect(lost.sent).toEqual([]);
});

/** A disk that holds a snapshot. */
async function restored(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await storage.write({ group: FLEET_GROUP, hardState: null, entries: [], snapshot });
  return storage;
}

function start(storage: MemoryStorage, isWhole = false) {
  const sent: Message[] = [];
  const asked: Holding[] = [];
  let answer: Readmission = { kind: "waiting" };
  let isDone = false;
  let events: TransportEvents | null = null;
  const member: Member = startMember(self, storage, {
    send: (message) => sent.push(message),
    now: () => 0,
    snapshotEvery: 100,
    onFatal: (error) => {
      throw error;
    },
  });
  const host = new Host({
    self,
    transport: {
      start: (given) => {
        events = given;
      },
      send: () => undefined,
      quiesce: () => undefined,
      isConnected: () => true,
      beat: () => undefined,
      close: () => Promise.resolve(),
    },
    profile: PROFILES.lan,
  });
  const replica = new Replica<Outcome>({
    self,
    driver: member.driver,
    host,
    rejoin: {
      isWhole,
      whole: () => Promise.resolve(),
      ask: async (holding) => {
        asked.push(holding);
        return answer;
      },
      done: async () => {
        isDone = true;
      },
    },
  });
  host.start();
  stop = () => {
    replica.stop();
    host.stop();
  };
  return {
    member,
    sent,
    asked,
    isDone: () => isDone,
    admission: () => replica.admission,
    /** A message from the leader in term 2, and all that it leads to. */
    hear: async (type: MessageType, parts: Partial<Message>) => {
      const message = newMessage(type, { from: leader, to: self, term: term(2), ...parts });
      events?.receive(FLEET_GROUP, message);
      for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    },
    /** From now on the leader answers this; resolves when the replica has heard it. */
    isTold: async (readmission: Readmission) => {
      const before = asked.length;
      answer = readmission;
      await expect.poll(() => asked.length).toBeGreaterThan(before);
      await nextTurn();
    },
  };
}
