import { setImmediate as nextPass } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { EtcdDriver } from "../../../../src/core/coordinator/etcd-engine/etcd-driver.ts";
import type { EtcdDriverOptions } from "../../../../src/core/coordinator/etcd-engine/etcd-driver-options.ts";
import { type Tally, TallyMachine } from "../../../../src/core/coordinator/group/tally-machine.ts";
import { turns } from "../../../turns.ts";
import { FakeEtcd } from "../../etcd-log/fake-etcd.ts";
import { FakeStore } from "./fake-store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const FOREVER = Number.POSITIVE_INFINITY;

/** Coordinators before one fake etcd, with a clock of their own. */
class Cluster {
  readonly etcd = new FakeEtcd();
  readonly members: Member[] = [];
  nowMs = 0;

  start(self: number, more: Partial<EtcdDriverOptions<Tally>> = {}): Member {
    const member = new Member(this, self, more);
    this.members.push(member);
    return member;
  }

  /** Lets time pass until `wanted` holds. */
  async until(wanted: () => boolean): Promise<void> {
    for (let turns = 0; turns < 50_000; turns += 1) {
      if (wanted()) return;
      this.nowMs += 5;
      for (const member of this.members) member.tick();
      await nextPass();
    }
    throw new Error("it never came to be");
  }

  /** Waits, while another caller lets time pass, until `wanted` holds. */
  async passes(wanted: () => boolean): Promise<void> {
    const turn = turns("what is waited for", 50_000);
    while (!wanted()) {
      turn();
      await nextPass();
    }
  }

  async wait(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await this.until(() => this.nowMs >= endMs);
  }
}

class Member {
  readonly store: FakeStore;
  readonly machine = new TallyMachine();
  readonly driver: EtcdDriver<Tally>;
  readonly fatal: unknown[] = [];
  #run: (() => unknown) | null = null;
  isStopped = false;

  constructor(cluster: Cluster, self: number, more: Partial<EtcdDriverOptions<Tally>>) {
    this.store = new FakeStore(cluster.etcd);
    this.driver = new EtcdDriver<Tally>({
      ...{ self: nodeId(self), clusterId: "test", voters: [1, 2, 3].map(nodeId), keys: cluster.etcd.keys },
      ...{ store: this.store, addresses: ["etcd:2379"], machine: this.machine, mayFound: true },
      ...{ mayLead: () => true, mayKeep: () => true, answers: () => true },
      ...{ snapshotEvery: 1_000, snapshotEveryBytes: 1_000_000, trailing: 2 },
      ...{
        onLeadership: () => undefined,
        onFatal: (error) => this.fatal.push(error),
        now: () => cluster.nowMs,
      },
      timers: {
        every: (_ms, action) => {
          this.#run = action;
          return () => undefined;
        },
        after: () => () => undefined,
      },
      log: { warn: () => undefined, info: () => undefined },
      ...more,
    });
  }

  tick(): void {
    if (this.isStopped) return;
    this.#run?.();
    this.driver.tick();
    this.driver.expire();
  }

  /** As a SIGKILL: nothing is given back. */
  kill(): void {
    this.isStopped = true;
    this.store.isCut = true;
  }

  async write(text: string): Promise<number | string> {
    const settled = await this.driver.propose(bytes(text), FOREVER);
    return settled.ok ? settled.index : settled.refusal;
  }
}

let cluster: Cluster;
afterEach(() => {
  for (const { driver } of cluster.members) driver.stop();
});

async function led(...more: readonly Partial<EtcdDriverOptions<Tally>>[]): Promise<Member[]> {
  cluster = new Cluster();
  const members = [1, 2, 3].map((self) => cluster.start(self, more[0]));
  await cluster.until(() => members.every(({ driver }) => driver.leader !== 0));
  return members.sort((a) => (a.driver.role === "leader" ? -1 : 1));
}

async function settled<Value>(promise: Promise<Value>): Promise<Value> {
  let isSettled = false;
  void promise.finally(() => {
    isSettled = true;
  });
  await cluster.until(() => isSettled);
  return promise;
}

test("writes are answered with their indexes, and every replica comes to the same state", async () => {
  const [leader, ...others] = await led();
  if (leader === undefined) throw new Error("there are three");
  const indexes = await settled(Promise.all(["a", "b", "c"].map((text) => leader.write(text))));
  expect(indexes).toEqual([2, 3, 4]);
  expect(await settled(others[0]?.write("x") ?? Promise.resolve(""))).toBe("not-leader");
  await cluster.until(() => others.every(({ driver }) => driver.appliedIndex === 4));
  expect(others.map(({ machine }) => machine.tally)).toEqual([leader.machine.tally, leader.machine.tally]);
});

test("a follower's linearizable read has every write that was answered before it", async () => {
  const [leader, follower] = await led();
  await settled(leader?.write("a") ?? Promise.resolve(""));
  const read = await settled(follower?.driver.readIndex(FOREVER) ?? Promise.reject(new Error("none")));
  expect(read).toEqual({ ok: true, index: 2 });
  expect(follower?.machine.tally.entries).toBe(1);
});

test("a dead leader is replaced once its lease has ended, and what it acknowledged is kept", async () => {
  const [leader, ...others] = await led();
  if (leader === undefined) throw new Error("there are three");
  await settled(leader.write("kept"));
  const lease = cluster.etcd.view().leader?.lease ?? "";
  leader.kill();
  await cluster.wait(1_000);
  expect(others.map(({ driver }) => driver.role)).toEqual(["follower", "follower"]);
  cluster.etcd.expire(lease);
  await cluster.until(() => others.some(({ driver }) => driver.role === "leader"));
  const next = others.find(({ driver }) => driver.role === "leader");
  expect(next?.driver.term).toBeGreaterThan(leader.driver.term);
  expect(await settled(next?.write("more") ?? Promise.resolve(""))).toBe(3);
  expect(next?.machine.tally.entries).toBe(2);
});

test("a leader that is not heard any more is not named, so that its clients search", async () => {
  const heard = new Set([1, 2, 3]);
  const [leader, follower] = await led({ answers: (peer) => heard.has(peer) });
  const id = leader?.driver.status().id ?? 0;
  expect(follower?.driver.leader).toBe(id);
  heard.delete(id);
  expect([follower?.driver.leader, follower?.driver.status().leader, leader?.driver.leader]).toEqual([
    0,
    0,
    id,
  ]);
  expect(await settled(follower?.write("x") ?? Promise.resolve(""))).toBe("no-leader");
});

test("a leader that cannot reach etcd stops leading before its lease can have ended", async () => {
  const [leader] = await led();
  if (leader === undefined) throw new Error("there are three");
  leader.store.isCut = true;
  const write = leader.write("unknown");
  await cluster.wait(2_100);
  expect(leader.driver.role).toBe("follower");
  expect(await settled(write)).toBe("leadership-lost");
  cluster.etcd.expire(cluster.etcd.view().leader?.lease ?? "");
  leader.store.isCut = false;
  await cluster.until(() => leader.driver.leader !== 0);
});

test("after etcd was without a quorum somebody leads again, and nothing is lost", async () => {
  const members = await led();
  await settled(members[0]?.write("kept") ?? Promise.resolve(""));
  for (const { store } of members) store.isCut = true;
  await cluster.wait(6_000);
  expect(members.map(({ driver }) => driver.leader)).toEqual([0, 0, 0]);
  for (const { store } of members) store.isCut = false;
  await cluster.wait(1_000);
  // Etcd lets the old leader's lease end only now, since it extends leases when it gets a leader of its own.
  cluster.etcd.expire(cluster.etcd.view().leader?.lease ?? "");
  await cluster.until(() => members.every(({ driver }) => driver.leader !== 0));
  expect(members.map(({ machine }) => machine.tally.entries)).toEqual([1, 1, 1]);
});

test("a write whose answer was lost is applied once, and answered", async () => {
  const [leader] = await led();
  if (leader === undefined) throw new Error("there are three");
  leader.store.losesAnswers = true;
  expect(await settled(leader.write("once"))).toBe(2);
  leader.store.losesAnswers = false;
  expect(await settled(leader.write("next"))).toBe(3);
  expect(leader.machine.tally.entries).toBe(2);
});

test("leadership goes to the replica that was named", async () => {
  const [leader, second, third] = await led();
  if (leader === undefined || second === undefined || third === undefined) throw new Error("there are three");
  leader.driver.transferLeader(third.driver.status().id);
  expect(await settled(leader.write("refused"))).toBe("transferring");
  await cluster.until(() => third.driver.role === "leader");
  await cluster.until(() => leader.driver.leader === third.driver.status().id);
});

test("a snapshot is visible before the log behind it goes, and a new replica begins with it", async () => {
  const [leader] = await led({ snapshotEvery: 5 });
  if (leader === undefined) throw new Error("there are three");
  for (let count = 0; count < 12; count += 1) await settled(leader.write(`w${count}`));
  await cluster.until(() => leader.driver.snapshotIndex > 6 && leader.store.compactedThrough > 0);
  expect(cluster.etcd.fetch(1)[0]?.first).toBeGreaterThan(2);
  const fresh = cluster.start(3);
  await settled(fresh.driver.restored);
  expect(fresh.driver.appliedIndex).toBe(13);
  expect(fresh.machine.tally).toEqual(leader.machine.tally);
  expect(fresh.driver.snapshotIndex).toBe(leader.driver.snapshotIndex);
});

test("a compaction that failed is told as such, and the next snapshot compacts again", async () => {
  const warned: string[] = [];
  const log = { warn: (text: string) => warned.push(text), info: () => undefined };
  const [leader] = await led({ snapshotEvery: 3, log });
  if (leader === undefined) throw new Error("there are three");
  leader.store.failedCompactions = 1;
  for (let count = 0; count < 30 && leader.store.compactedThrough === 0; count += 1) {
    await settled(leader.write(`w${count}`));
  }
  const [failed, next, ...more] = leader.store.compactions;
  expect([leader.store.compactedThrough, more]).toEqual([next, []]);
  expect(next).toBeGreaterThan(failed ?? 0);
  expect(warned.filter((text) => text.includes("compact"))).toHaveLength(1);
  expect(warned).not.toContain("a snapshot was not written to etcd");
});

test("a new replica takes a snapshot first, although the whole log is there too", async () => {
  const [leader] = await led({ snapshotEvery: 5, trailing: 1_000 });
  if (leader === undefined) throw new Error("there are three");
  for (let count = 0; count < 12; count += 1) await settled(leader.write(`w${count}`));
  await cluster.until(() => leader.driver.snapshotIndex > 6);
  const fresh = cluster.start(3);
  await settled(fresh.driver.restored);
  await cluster.until(() => fresh.driver.appliedIndex === 13);
  expect([fresh.fatal, fresh.machine.tally]).toEqual([[], leader.machine.tally]);
});

test("a follower that was cut off while its log was deleted takes the snapshot", async () => {
  const [leader, follower] = await led({ snapshotEvery: 5 });
  if (leader === undefined || follower === undefined) throw new Error("there are three");
  follower.store.isCut = true;
  for (let count = 0; count < 12; count += 1) await settled(leader.write(`w${count}`));
  await cluster.until(() => leader.driver.snapshotIndex > 6);
  follower.store.isCut = false;
  await cluster.until(() => follower.driver.appliedIndex === 13);
  expect(follower.machine.tally).toEqual(leader.machine.tally);
});

test("a state that the others have not confirmed is not stored", async () => {
  let isConfirmed = false;
  const [leader] = await led({ snapshotEvery: 3, mayKeep: () => isConfirmed });
  if (leader === undefined) throw new Error("there are three");
  for (let count = 0; count < 5; count += 1) await settled(leader.write(`w${count}`));
  await cluster.wait(200);
  expect([leader.driver.snapshotIndex, cluster.etcd.find(cluster.etcd.keys.snapshot)]).toEqual([
    0,
    undefined,
  ]);
  isConfirmed = true;
  await cluster.until(() => leader.driver.snapshotIndex > 0);
});

test("a coordinator that never reaches etcd says so and ends", async () => {
  cluster = new Cluster();
  const alone = cluster.start(1);
  alone.store.isCut = true;
  await cluster.until(() => alone.fatal.length > 0);
  expect(alone.fatal).toMatchObject([{ code: "ETCD_UNREACHABLE" }]);
  await expect(alone.driver.restored).rejects.toMatchObject({ code: "ETCD_UNREACHABLE" });
});

test("a coordinator that reaches etcd once, and gets no answer from then on, ends too", async () => {
  cluster = new Cluster();
  const alone = cluster.start(1);
  const look = alone.store.look.bind(alone.store);
  // Its writes are then of unknown outcome, again and again: that is no answer.
  alone.store.look = () => look().finally(() => (alone.store.isCut = true));
  await cluster.until(() => alone.fatal.length > 0);
  expect(alone.fatal).toMatchObject([{ code: "ETCD_UNREACHABLE" }]);
});

test("a log that takes half a minute to load is loaded, one batch for each of 5 000 entries", async () => {
  const [leader] = await led({ snapshotEvery: 20_000 });
  if (leader === undefined) throw new Error("there are three");
  for (let count = 0; count < 5_000; count += 1) await settled(leader.write(`w${count}`));
  for (const { driver } of cluster.members.splice(0)) driver.stop();
  const startedMs = cluster.nowMs;
  // A fetch of 16 entries takes 100 ms.
  const fresh = cluster.start(3, { snapshotEvery: 20_000 });
  fresh.store.slowly = () => {
    const answerMs = cluster.nowMs + 100;
    return cluster.passes(() => cluster.nowMs >= answerMs);
  };
  await cluster.until(() => fresh.driver.appliedIndex === 5_001 || fresh.fatal.length > 0);
  expect([fresh.fatal, fresh.machine.tally.entries]).toEqual([[], 5_000]);
  expect(cluster.nowMs - startedMs).toBeGreaterThan(30_000);
});

test("a log that vanished ends every coordinator, and none begins a new one", async () => {
  const [leader] = await led();
  await settled(leader?.write("a") ?? Promise.resolve(""));
  cluster.etcd.eraseRange("/", "0");
  await cluster.until(() => cluster.members.every(({ fatal }) => fatal.length > 0));
  expect(cluster.members.map(({ fatal }) => fatal)).toMatchObject(Array(3).fill([{ code: "ETCD_LOG_LOST" }]));
  expect(cluster.etcd.view().head).toBe(null);
});
