// Bugs that bit other implementations and that only the driver with its storage can show not to be here.

import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { assert } from "../../../../src/core/base/assert.ts";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import type { Entry, Message, MessageType } from "../../../../src/core/raft/message.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import { foundingSnapshot, type Member, recordProbe, startMember, TestGroup } from "../group.ts";
import { HeldStorage } from "../held-storage.ts";

let group: TestGroup | null = null;
const started: Member[] = [];
afterEach(() => {
  group?.close();
  for (const { driver } of started.splice(0)) driver.stop();
});

function start(id: number, storage: MemoryStorage, sent: Message[] = []): Member {
  const member = startMember(nodeId(id), storage, {
    send: (message) => sent.push(message),
    now: () => 0,
    snapshotEvery: 1_000,
    onFatal: (error) => expect.fail(String(error)),
  });
  started.push(member);
  return member;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
}

// The simulator does not reach this schedule. The first write ends after the entry was brought back, and before the
// turn that hands it to storage again. A turn takes no time there, and such a moment needs two elections meanwhile.
// Later it does no harm: storage shows what it was handed at once and in order, and each acknowledgement waits for
// its own write.
test("Async-append ABA: a write that ends when its entry was replaced and brought back says nothing of the new one", async () => {
  const storage = new HeldStorage();
  const voters = [1, 2, 3, 4, 5].map(nodeId);
  await storage.write({
    group: FLEET_GROUP,
    hardState: null,
    entries: [],
    snapshot: foundingSnapshot(voters),
  });
  const sent: Message[] = [];
  const { driver } = start(1, storage, sent);
  const hear = (type: MessageType, from: number, at: number, entries: readonly Entry[]) => {
    const previous = { index: logIndex(1), logTerm: term(1) };
    const parts = { from: nodeId(from), to: nodeId(1), term: term(at), ...previous, entries };
    driver.receive(newMessage(type, parts));
  };
  const entry = (of: number) => {
    return { term: term(of), index: logIndex(2), type: "normal", data: new Uint8Array() } as const;
  };
  storage.isHolding = true;
  hear("MsgApp", 2, 2, [entry(2)]);
  await settle();
  hear("MsgApp", 3, 3, [entry(3)]);
  await settle();
  hear("MsgApp", 2, 4, [entry(2)]);
  storage.releaseFirst();
  await settle();
  storage.release();
  await settle();
  const acknowledged = sent.filter(({ type, term: at }) => type === "MsgAppResp" && at === 4);
  expect(acknowledged).toMatchObject([{ to: 2, index: 2, reject: false }]);
  expect(storage.reader(FLEET_GROUP).term(logIndex(2))).toBe(2);
});

test.each([
  { probes: 0, why: "from the log" },
  { probes: 60, why: "from a snapshot" },
])("etcd#19557, etcd#20793: a learner's promotion outlives a restart, $why", async ({ probes }) => {
  group = new TestGroup(3, 50, 2);
  const leader = await group.leader();
  for (const kind of ["add-learner", "add-voter"] as const) {
    const changes = [{ kind, node: nodeId(3) }];
    expect(leader.driver.proposeConfChange({ transition: "auto", changes, context: new Uint8Array() })).toBe(
      true,
    );
    await group.run(5);
  }
  for (let number = 1; number <= probes; number += 1) await group.propose(leader, recordProbe(number));
  await group.run(5);
  for (const { id, storage, driver } of group.members) {
    expect(driver.snapshotIndex > 1).toBe(probes > 0);
    driver.stop();
    const again = start(id, await reopened(storage));
    await settle();
    expect(again.driver.status().config).toMatchObject({ voters: [1, 2, 3], learners: [] });
  }
});

/** As the disk shows it when it is opened again: the log begins behind the newest snapshot. */
async function reopened(storage: MemoryStorage): Promise<MemoryStorage> {
  const log = storage.reader(FLEET_GROUP);
  const snapshot = log.snapshot();
  assert(snapshot !== "unavailable", "stable storage always has its newest snapshot");
  const [first, end] = [logIndex(snapshot.index + 1), logIndex(log.lastIndex() + 1)];
  const entries = log.entries(first, end, Number.MAX_SAFE_INTEGER);
  assert(typeof entries !== "string", "what follows the snapshot is there");
  const again = new MemoryStorage();
  const { hardState } = log.initialState();
  await again.write({ group: FLEET_GROUP, hardState, entries, snapshot });
  return again;
}
