import { expect, test } from "vitest";
import { logIndex, nodeId } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { EtcdLog, FIRST_INDEX } from "../../../src/core/etcd-log/etcd-log.ts";
import type { Ask, WriteAnswer } from "../../../src/core/etcd-log/vocabulary.ts";
import { FakeEtcd } from "./fake-etcd.ts";

const text = (data: Uint8Array) => new TextDecoder().decode(data);
const bytes = (data: string) => new TextEncoder().encode(data);

/** One coordinator: its log, its lease, and what it was told. */
class Replica {
  readonly log: EtcdLog;
  readonly etcd: FakeEtcd;
  lease: string | null = null;
  readonly seen: string[] = [];
  readonly acknowledged: string[] = [];
  readonly waiting = new Map<string, string>();
  readonly confirmed: { readonly key: string; readonly index: number }[] = [];

  constructor(etcd: FakeEtcd, self: number, fetched = FIRST_INDEX, clusterId = "test", mayFound = true) {
    this.etcd = etcd;
    const timing = { lookEveryMs: 10, retryMs: 3, successorMs: 50 };
    this.log = new EtcdLog({ self: nodeId(self), clusterId, keys: etcd.keys, ...timing, mayFound }, fetched);
  }

  propose(command: string): boolean {
    const index = this.log.propose(bytes(command));
    if (index !== null) this.waiting.set(`${index}@${this.log.term}`, command);
    return index !== null;
  }

  take(): void {
    for (const { index, term, data } of this.log.takeEntries()) {
      this.seen.push(text(data));
      expect(index).toBe(this.seen.length + FIRST_INDEX);
      const waiting = this.waiting.get(`${index}@${term}`);
      if (waiting === undefined) continue;
      expect(text(data)).toBe(waiting);
      this.acknowledged.push(waiting);
      this.waiting.delete(`${index}@${term}`);
    }
  }

  /** Performs the ask without any fault. */
  perform(ask: Ask, now: number): void {
    if (ask.kind === "look") {
      const looked = this.log.looked(this.etcd.view(), now);
      for (const key of looked?.reads ?? []) this.confirmed.push({ key, index: looked?.index ?? 0 });
    } else if (ask.kind === "fetch") this.log.fetchedBatches(this.etcd.fetched(ask.wanted.from), now);
    else this.log.wrote(this.etcd.write(ask.write), now);
    this.take();
  }

  asks(now: number): Ask[] {
    this.lease ??= this.etcd.grant();
    return this.log.asks(now, { lease: this.lease, mayLead: true, mayFetch: true });
  }

  /** Until nothing more is asked for. */
  settle(now: number): void {
    for (let turns = 0; turns < 1_000; turns += 1) {
      const asks = this.asks(now);
      if (asks.length === 0) return;
      for (const ask of asks) this.perform(ask, now);
    }
    throw new Error("the log never comes to rest");
  }
}

function led(): { readonly etcd: FakeEtcd; readonly leader: Replica } {
  const etcd = new FakeEtcd();
  const leader = new Replica(etcd, 1);
  leader.settle(0);
  expect(leader.log.leads).toBe(true);
  return { etcd, leader };
}

test("a new log has one leader, whose commands everyone sees in order", () => {
  const { etcd, leader } = led();
  const follower = new Replica(etcd, 2);
  for (const command of ["a", "b", "c"]) leader.propose(command);
  leader.settle(1);
  leader.propose("d");
  leader.settle(2);
  follower.settle(3);
  expect(leader.acknowledged).toEqual(["a", "b", "c", "d"]);
  expect(follower.seen).toEqual(["a", "b", "c", "d"]);
  expect([follower.log.leads, follower.log.leader, leader.log.leader]).toEqual([false, 1, 1]);
  expect(follower.propose("e")).toBe(false);
});

test("a deposed writer's append is refused, also before another replica has written", () => {
  const { etcd, leader } = led();
  etcd.expire(leader.lease ?? "");
  leader.propose("late");
  const [ask] = leader.asks(5).filter(({ kind }) => kind === "write");
  if (ask === undefined) throw new Error("it appends, for it does not know yet");
  leader.perform(ask, 5);
  expect([leader.log.leads, leader.acknowledged, etcd.fetch(1)]).toEqual([false, [], []]);
});

test("an append whose answer was lost is found by reading the head back, and not repeated", () => {
  const { etcd, leader } = led();
  leader.propose("once");
  const asks = leader.asks(1);
  for (const ask of asks) {
    if (ask.kind !== "write") continue;
    etcd.write(ask.write);
    leader.log.wrote({ kind: "unknown" }, 1);
  }
  leader.settle(20);
  expect(leader.acknowledged).toEqual(["once"]);
  expect(etcd.fetch(1).flatMap(({ commands }) => commands.map(text))).toEqual(["once"]);
});

test("an append that takes effect long after its answer was given up is still applied once", () => {
  const { etcd, leader } = led();
  leader.propose("slow");
  const delayed = leader.asks(1).flatMap((ask) => (ask.kind === "write" ? [ask.write] : []));
  leader.log.wrote({ kind: "unknown" }, 1);
  const again = leader.asks(10).flatMap((ask) => (ask.kind === "write" ? [ask.write] : []));
  for (const write of delayed) etcd.write(write);
  for (const write of again) leader.log.wrote(etcd.write(write), 10);
  leader.log.looked(etcd.view(), 10);
  leader.settle(30);
  expect(leader.acknowledged).toEqual(["slow"]);
});

test("the named successor goes first, and the others wait for a moment", () => {
  const { etcd, leader } = led();
  const [second, third] = [new Replica(etcd, 2), new Replica(etcd, 3)];
  for (const other of [second, third]) other.settle(1);
  leader.log.transfer(nodeId(3));
  expect(leader.propose("refused")).toBe(false);
  for (const ask of leader.asks(2)) leader.perform(ask, 2);
  second.settle(20);
  expect(etcd.view().leader).toBe(null);
  third.settle(21);
  expect([third.log.leads, second.log.leads]).toEqual([true, false]);
});

test("a read is confirmed only by a look that was asked for after it", () => {
  const { etcd, leader } = led();
  const follower = new Replica(etcd, 2);
  follower.settle(1);
  const early = follower.asks(50);
  const old = etcd.view();
  follower.log.read("r");
  leader.propose("new");
  leader.settle(51);
  expect(early.map(({ kind }) => kind)).toEqual(["look"]);
  expect(follower.log.looked(old, 51)?.reads).toEqual([]);
  follower.settle(52);
  expect(follower.confirmed).toEqual([{ key: "r", index: 2 }]);
});

test("a command larger than a request goes in parts, and is seen whole", () => {
  const { etcd, leader } = led();
  const large = "x".repeat(3_500_000);
  for (const command of ["before", large, "after"]) leader.propose(command);
  leader.settle(1);
  const follower = new Replica(etcd, 2);
  follower.settle(2);
  expect(follower.seen.map((command) => command.length)).toEqual([6, large.length, 5]);
  expect(Math.max(...etcd.sizes)).toBeLessThanOrEqual(1024 * 1024);
});

test("what waits has a bound in bytes, and what is appended frees it", () => {
  const { leader } = led();
  const mebibyte = "x".repeat(1024 * 1024);
  const accepted = Array.from({ length: 40 }, () => leader.propose(mebibyte));
  expect(accepted.filter(Boolean)).toHaveLength(32);
  leader.settle(1);
  expect(leader.acknowledged).toHaveLength(32);
  expect(leader.propose(mebibyte)).toBe(true);
});

test("who is behind the first kept entry needs a snapshot, and continues after it", () => {
  const { etcd, leader } = led();
  for (let at = 0; at < 5; at += 1) {
    leader.propose(`c${at}`);
    leader.settle(at);
  }
  etcd.trim(4);
  const follower = new Replica(etcd, 2);
  follower.settle(9);
  expect([follower.log.needsSnapshot, follower.seen]).toEqual([true, []]);
  follower.log.restored(logIndex(4));
  follower.seen.push("c0", "c1", "c2");
  follower.settle(30);
  expect(follower.seen).toEqual(["c0", "c1", "c2", "c3", "c4"]);
});

test("a log that was lost, went back or is another fleet's is refused, and never begun anew", () => {
  const { etcd, leader } = led();
  leader.propose("a");
  leader.settle(1);
  const reason = (read: () => void) => {
    try {
      read();
    } catch (error) {
      return error instanceof Error && "code" in error ? error.code : error;
    }
    return "none";
  };
  expect(reason(() => new Replica(etcd, 2, FIRST_INDEX, "other").settle(2))).toBe("ETCD_LOG_FOREIGN");
  expect(reason(() => new Replica(new FakeEtcd(), 2, FIRST_INDEX, "test", false).settle(2))).toBe(
    "ETCD_LOG_LOST",
  );
  leader.log.lookSoon();
  leader.asks(30);
  expect(reason(() => leader.log.looked({ ...new FakeEtcd().view(), revision: 1_000 }, 30))).toBe(
    "ETCD_LOG_LOST",
  );
});

test("an etcd that went back to an older revision is refused, and confirms no read", () => {
  const { etcd, leader } = led();
  const follower = new Replica(etcd, 2);
  leader.propose("a");
  leader.settle(1);
  const backup = etcd.view();
  leader.propose("b");
  leader.settle(2);
  follower.settle(3);
  follower.log.read("r");
  expect(follower.asks(4).map(({ kind }) => kind)).toEqual(["look"]);
  expect(() => follower.log.looked(backup, 4)).toThrow("older revision");
  leader.log.lookSoon();
  leader.asks(40);
  expect(() => leader.log.looked({ ...etcd.view(), revision: backup.revision }, 40)).toThrow(
    "older revision",
  );
});

test("batches and appends of an etcd that went back are refused", () => {
  const { etcd, leader } = led();
  leader.propose("a");
  leader.settle(1);
  const follower = new Replica(etcd, 2);
  follower.perform({ kind: "look" }, 2);
  expect(follower.asks(2).map(({ kind }) => kind)).toContain("fetch");
  expect(() => follower.log.fetchedBatches({ ...etcd.fetched(2), revision: 1 }, 2)).toThrow("older revision");
  expect(follower.log.takeEntries()).toEqual([]);
  leader.propose("b");
  expect(leader.asks(3).map(({ kind }) => kind)).toEqual(["write"]);
  expect(() => leader.log.wrote({ kind: "done", revision: 1 }, 3)).toThrow("older revision");
  expect(leader.log.takeEntries()).toEqual([]);
});

test("a look or a fetch that failed is repeated after a pause", () => {
  const { etcd, leader } = led();
  leader.propose("a");
  leader.settle(1);
  const follower = new Replica(etcd, 2);
  const kinds = (now: number) => follower.asks(now).map(({ kind }) => kind);
  expect(kinds(0)).toEqual(["look"]);
  follower.log.read("r");
  follower.log.looked(null, 0);
  expect([kinds(2), kinds(3)]).toEqual([[], ["look"]]);
  expect(follower.log.looked(etcd.view(), 3)?.reads).toEqual(["r"]);
  expect(kinds(3)).toEqual(["fetch"]);
  follower.log.fetchedBatches(null, 3);
  expect([kinds(5), kinds(6)]).toEqual([[], ["fetch"]]);
});

test("a fetch that timed out is asked for again with half as many batches and twice the time", () => {
  const { etcd, leader } = led();
  leader.propose("a");
  leader.settle(1);
  const follower = new Replica(etcd, 2);
  follower.perform({ kind: "look" }, 0);
  const wanted = (now: number) =>
    follower
      .asks(now)
      .flatMap((ask) => (ask.kind === "fetch" ? [[ask.wanted.batches, ask.wanted.limitMs]] : []));
  let now = 0;
  const timedOut = () => {
    const [asked] = wanted(now);
    now += asked?.[1] ?? 0;
    follower.log.fetchedBatches(null, now);
    now += 3;
    return asked;
  };
  const steps = [16, 8, 4, 2, 1, 1].map((batches) => [batches, Math.min(32_000, (16 / batches) * 2_000)]);
  expect(steps.map(timedOut)).toEqual(steps);
  expect(wanted(now)).toEqual([[1, 32_000]]);
  // One that fails at once says nothing about its size; one that is answered quickly does.
  follower.log.fetchedBatches(null, now);
  expect(wanted(now + 3)).toEqual([[1, 32_000]]);
  follower.log.fetchedBatches(etcd.fetched(2), now + 10);
  leader.propose("b");
  leader.settle(now + 20);
  follower.log.looked(etcd.view(), now + 20);
  expect(wanted(now + 20)).toEqual([[2, 16_000]]);
});

test("a look that was overtaken by a newer answer may be older, and confirms reads by the newer one", () => {
  const { etcd, leader } = led();
  leader.log.read("r");
  expect(leader.asks(1).map(({ kind }) => kind)).toEqual(["look"]);
  const early = etcd.view();
  leader.propose("a");
  leader.settle(2);
  expect(leader.acknowledged).toEqual(["a"]);
  expect(leader.log.looked(early, 2)).toEqual({ index: 2, reads: ["r"] });
  expect(leader.log.leads).toBe(true);
});

/** A request under way: it may take effect, and its answer may arrive, in any order, or not at all. */
interface Sent {
  readonly replica: Replica;
  readonly ask: Ask & { readonly kind: "write" };
  answer: WriteAnswer | null;
  isTold: boolean;
}

// Three coordinators before one etcd, whose leases end at any moment, with and without their knowledge.
test.each(Array.from({ length: 20 }, (_, seed) => seed))(
  "nothing is lost or repeated under faults, seed %i",
  (seed) => {
    const random = new SeededPrng(seed + 1);
    const chance = (percent: number) => random.below(100) < percent;
    const etcd = new FakeEtcd();
    const replicas = [1, 2, 3].map((self) => new Replica(etcd, self));
    const sent: Sent[] = [];
    let proposed = 0;
    for (let now = 0; now < 1_000; now += 1) {
      const replica = replicas[random.below(3)] ?? replicas[0];
      if (replica === undefined) throw new Error("there are three");
      if (chance(40) && replica.propose(`c${proposed}`)) proposed += 1;
      if (chance(2) && replica.lease !== null) etcd.expire(replica.lease);
      if (replica.lease !== null && !etcd.holds(replica.lease) && chance(20)) {
        replica.log.leaseLost();
        replica.lease = null;
      }
      if (chance(1) && replica.log.leads) replica.log.transfer(nodeId(1 + random.below(3)));
      for (const ask of replica.asks(now)) {
        if (ask.kind === "write") sent.push({ replica, ask, answer: null, isTold: false });
        else if (chance(15) && ask.kind === "look") replica.log.looked(null, now);
        else if (chance(15) && ask.kind === "fetch") replica.log.fetchedBatches(null, now);
        else replica.perform(ask, now);
      }
      for (const request of [...sent]) {
        if (request.answer === null && chance(40)) request.answer = etcd.write(request.ask.write);
        if (!request.isTold && chance(request.answer === null ? 5 : 40)) {
          request.isTold = true;
          const isLost = request.answer === null || chance(20);
          request.replica.log.wrote(
            isLost ? { kind: "unknown" } : (request.answer ?? { kind: "unknown" }),
            now,
          );
          request.replica.take();
        }
        const isOver = request.isTold && (request.answer !== null || chance(10));
        if (isOver) sent.splice(sent.indexOf(request), 1);
      }
    }
    for (const { replica, isTold } of sent) if (!isTold) replica.log.wrote({ kind: "unknown" }, 1_000);
    for (let now = 2_000; now < 2_400; now += 20) for (const replica of replicas) replica.settle(now);
    const log = Array.from({ length: 2_000 }, (_, at) => etcd.fetch(at + 2, 1)[0])
      .filter((batch) => batch !== undefined)
      .filter((batch, at, all) => at === 0 || batch.first !== all[at - 1]?.first)
      .flatMap(({ commands }) => commands.map(text));
    expect(new Set(log).size).toBe(log.length);
    for (const replica of replicas) {
      expect(replica.seen).toEqual(log);
      expect(new Set(replica.acknowledged).size).toBe(replica.acknowledged.length);
      expect(replica.acknowledged.every((command) => log.includes(command))).toBe(true);
    }
    expect(log.length).toBeGreaterThan(20);
    expect(etcd.refused).toBeGreaterThan(0);
  },
);
