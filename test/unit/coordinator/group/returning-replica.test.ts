// With real drivers: two of three replicas have forgotten committed entries, and the third comes back.

import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FLEET_GROUP, groupId, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import { type Dropped, DroppedMessages } from "../../../../src/core/coordinator/group/dropped-messages.ts";
import type { Entry, MessageType } from "../../../../src/core/raft/message.ts";
import { newMessage } from "../../../../src/core/raft/new-message.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import { encodeCommand, foundingSnapshot, type Member, recordProbe, startMember } from "../group.ts";

const IDS = [1, 2, 3].map(nodeId);
const EMPTY = new Uint8Array();

/** A replica's disk: empty entries of term 1 after the founding, the first `committed` of them committed. */
async function diskOf(entries: number, committed: number): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const group = FLEET_GROUP;
  const log: Entry[] = Array.from({ length: entries }, (_, at) => {
    return { term: term(1), index: logIndex(2 + at), type: "normal", data: EMPTY };
  });
  await storage.write({ group, hardState: null, entries: [], snapshot: foundingSnapshot(IDS) });
  const hardState = { term: term(1), vote: nodeId(0), commit: logIndex(1 + committed) };
  await storage.write({ group, hardState, entries: log, snapshot: null });
  return storage;
}

/** Replicas 1 and 2 lack what replica 3 holds; who of them is reachable is the test's choice. */
class Fleet {
  readonly members: Member[] = [];
  readonly failures = new Map<number, unknown>();
  readonly dropped: Dropped[] = [];
  reachable: readonly number[] = [1, 2];
  nowMs = 0;

  static async of(held: number): Promise<Fleet> {
    const fleet = new Fleet();
    const disks = [await diskOf(2, 2), await diskOf(2, 2), await diskOf(held, held)];
    for (const [at, disk] of disks.entries()) fleet.#start(IDS[at] ?? nodeId(0), disk);
    return fleet;
  }

  #start(id: ReturnType<typeof nodeId>, storage: MemoryStorage): void {
    const member = startMember(id, storage, {
      send: (message) => {
        if (![message.from, message.to].every((peer) => this.reachable.includes(peer))) return;
        setImmediate(() => this.members[message.to - 1]?.driver.receive(message));
      },
      now: () => this.nowMs,
      snapshotEvery: 10_000,
      onFatal: (error) => this.failures.set(id, error),
      onDropped: (dropped) => this.dropped.push(dropped),
    });
    this.members.push(member);
  }

  async run(ticks: number): Promise<void> {
    for (let tick = 0; tick < ticks; tick += 1) {
      this.nowMs += 50;
      for (const { id, driver } of this.members) if (this.reachable.includes(id)) driver.tick();
      for (const { driver } of this.members) driver.expire();
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    }
  }

  async leader(): Promise<Member> {
    for (let waited = 0; waited < 200; waited += 1) {
      await this.run(1);
      const leader = this.members.find(({ driver }) => driver.role === "leader");
      if (leader !== undefined) return leader;
    }
    throw new Error("no leader");
  }

  close(): void {
    for (const { driver } of this.members) driver.stop();
  }
}

test("one returning replica stops itself and not the quorum, and says which committed entries were lost", async () => {
  const fleet = await Fleet.of(9);
  const leader = await fleet.leader();
  fleet.reachable = [1, 2, 3];
  await fleet.run(20);
  expect([...fleet.failures.keys()]).toEqual([3]);
  expect(fleet.failures.get(3)).toMatchObject({
    code: "COMMITTED_ENTRIES_LOST",
    message: expect.stringMatching(
      /^this replica holds committed entries that the cluster has lost: entry 4 is committed here with term 1, and leader \d of term \d has term \d there. Here group 0 is committed up to 10, and the log ends at 10$/,
    ),
  });
  const written = leader.driver.propose(encodeCommand(recordProbe(1), 0), fleet.nowMs + 5_000);
  await fleet.run(5);
  await expect(written).resolves.toMatchObject({ ok: true });
  fleet.close();
});

test("a replica that lost what it acknowledged stops, and says so", async () => {
  const fleet = await Fleet.of(2);
  const commit = logIndex(9);
  const heartbeat = newMessage("MsgHeartbeat", { from: nodeId(1), to: nodeId(3), term: term(4), commit });
  fleet.members[2]?.driver.receive(heartbeat);
  expect(fleet.failures.get(3)).toMatchObject({
    code: "ACKNOWLEDGED_ENTRIES_LOST",
    message:
      "this replica has lost entries that it acknowledged. Leader 1 of term 4 counts on group 0 up to 9 here, but the log ends at 3",
  });
  fleet.close();
});

test("nobody acknowledges on a replica's own behalf", async () => {
  const fleet = await Fleet.of(2);
  const leader = await fleet.leader();
  const own = { from: leader.id, to: leader.id, term: leader.driver.term };
  leader.driver.receive(newMessage("MsgAppResp", { ...own, index: logIndex(99) }));
  expect(fleet.failures.size).toBe(0);
  expect(fleet.dropped.map(({ reason, from }) => ({ reason, from }))).toEqual([
    { reason: "malformed", from: leader.id },
  ]);
  fleet.close();
});

test("dropped messages are counted, and a sender is named once a reason and term", () => {
  const warnings: unknown[] = [];
  const log = {
    info: () => undefined,
    warn: (...line: unknown[]) => warnings.push(line),
    error: () => undefined,
  };
  const dropped = new DroppedMessages({ log, nameOf: (id) => `n${id}` });
  const of = (reason: Dropped["reason"], from: number, at = 2): Dropped => {
    const type: MessageType = "MsgAppResp";
    return { group: groupId(0), reason, from: nodeId(from), type, term: term(at), index: logIndex(7) };
  };
  for (let times = 0; times < 100; times += 1) dropped.note(of("peer-ahead", 3));
  dropped.note(of("peer-ahead", 3, 4));
  dropped.note(of("peer-not-found", 9));
  expect(dropped.counts.get("peer-ahead")).toBe(101);
  expect(dropped.counts.get("peer-not-found")).toBe(1);
  expect(dropped.counts.get("malformed")).toBe(0);
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatchObject([
    expect.stringContaining("holds committed entries that this cluster has lost"),
    { peer: "n3", reason: "peer-ahead", index: 7, next: expect.stringContaining("fleet recover") },
  ]);
});
