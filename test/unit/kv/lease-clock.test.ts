// The leader's clock over leases: never early, never all at once, and never against a newer leader.

import { expect, test } from "vitest";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { KeySpace } from "../../../src/core/kv/key-space.ts";
import { LeaseClock } from "../../../src/core/kv/lease-clock.ts";
import type { Lease } from "../../../src/core/kv/leases.ts";
import type { LeaseExpiry } from "../../../src/core/wire/gen/fleet/v1/key_command.ts";
import { grant, listed, outcome, perform, put } from "./operations.ts";

const lease = (id: number, ttlSeconds: number): Lease => ({
  id: String(id),
  ttlSeconds,
  grant: id,
  attachedAt: 0,
});

/** Looks each half second, and returns when each lease came up first. */
function watch(clock: LeaseClock, fromMs: number, toMs: number): Map<string, number> {
  const seen = new Map<string, number>();
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 500) {
    for (const { id } of clock.due(nowMs)?.leases ?? []) if (!seen.has(id)) seen.set(id, nowMs);
  }
  return seen;
}

test("a lease ends after its TTL, and a keep-alive gives it a whole one again", () => {
  const clock = new LeaseClock();
  clock.takeOver(3, [], 0, 0);
  clock.granted(lease(1, 10), 0);
  clock.granted(lease(2, 10), 0);
  expect(watch(clock, 0, 6_000).size).toBe(0);
  expect(clock.renew("2", 6_000)).toEqual({ ok: true, ttlSeconds: 10 });
  expect([...watch(clock, 6_000, 20_000)]).toEqual([
    ["1", 10_000],
    ["2", 16_000],
  ]);
});

test("a replica that does not lead renews nothing and expires nothing", () => {
  const clock = new LeaseClock();
  clock.granted(lease(1, 10), 0);
  expect(clock.renew("1", 0)).toEqual({ ok: false, reason: "not-leading" });
  expect(clock.due(99_000)).toBeNull();
  clock.takeOver(3, [lease(1, 10)], 0, 99_000);
  clock.stepDown();
  expect(clock.remainingMs("1", 99_000)).toBeNull();
  expect(watch(clock, 99_000, 199_000).size).toBe(0);
});

test("a new leader grants a whole TTL, and the grace for keep-alives that the one before answered", () => {
  const clock = new LeaseClock();
  clock.takeOver(3, [lease(1, 10)], 2_000, 1_000_000);
  expect(clock.remainingMs("1", 1_000_000)).toBe(12_000);
  expect([...watch(clock, 1_000_000, 1_020_000)]).toEqual([["1", 1_012_000]]);
});

test("a lease whose end is on its way is not renewed, and its end is proposed again", () => {
  const clock = new LeaseClock();
  clock.takeOver(3, [lease(1, 2)], 0, 0);
  expect([...watch(clock, 0, 2_000)]).toEqual([["1", 2_000]]);
  expect(clock.renew("1", 2_000)).toEqual({ ok: false, reason: "ending" });
  expect(clock.due(2_000)).toBeNull();
  expect([...watch(clock, 2_500, 6_000)]).toEqual([["1", 5_000]]);
  clock.ended("1");
  expect(clock.renew("1", 6_000)).toEqual({ ok: false, reason: "not-found" });
  expect(watch(clock, 6_000, 20_000).size).toBe(0);
});

test("leases that end together end at a rate", () => {
  const clock = new LeaseClock();
  const many = Array.from({ length: 5_000 }, (_, at) => lease(at + 1, 10));
  clock.takeOver(3, many, 0, 0);
  const perLook = new Map<number, number>();
  for (const nowMs of watch(clock, 0, 30_000).values()) perLook.set(nowMs, (perLook.get(nowMs) ?? 0) + 1);
  expect(Math.min(...perLook.keys())).toBe(10_000);
  expect(Math.max(...perLook.values())).toBe(500);
  expect([...perLook.values()].reduce((sum, each) => sum + each, 0)).toBe(5_000);
});

test("a leader that looks more often ends no more leases in a second", () => {
  const clock = new LeaseClock();
  clock.takeOver(
    3,
    Array.from({ length: 5_000 }, (_, at) => lease(at + 1, 2)),
    0,
    0,
  );
  const perSecond = new Map<number, number>();
  for (let nowMs = 0; nowMs < 9_000; nowMs += 50) {
    const second = Math.floor(nowMs / 1_000);
    perSecond.set(second, (perSecond.get(second) ?? 0) + (clock.due(nowMs)?.leases.length ?? 0));
  }
  // Half a second's leases end at once, and then a thousand in each second.
  expect([...perSecond.values()].slice(0, 5)).toEqual([0, 0, 1_450, 1_000, 1_000]);
});

test("a keep-alive never shortens a lease, also not one with grace", () => {
  const clock = new LeaseClock();
  clock.takeOver(3, [lease(1, 10)], 2_000, 0);
  expect(clock.renew("1", 500)).toMatchObject({ ok: true });
  expect(clock.remainingMs("1", 500)).toBe(11_500);
});

test("the time in which the process stood still does not count: it heard no keep-alive", () => {
  const clock = new LeaseClock();
  clock.takeOver(3, [lease(1, 10)], 0, 0);
  expect(watch(clock, 0, 5_000).size).toBe(0);
  expect(clock.due(65_000)).toBeNull();
  expect(clock.remainingMs("1", 65_000)).toBe(4_000);
});

test("a lease that is granted again under its id is another one", () => {
  const clock = new LeaseClock();
  clock.takeOver(3, [], 0, 0);
  clock.granted({ id: "7", ttlSeconds: 2, grant: 1, attachedAt: 0 }, 0);
  clock.ended("7");
  clock.granted({ id: "7", ttlSeconds: 10, grant: 2, attachedAt: 0 }, 1_000);
  expect([...watch(clock, 1_000, 20_000)]).toEqual([["7", 11_000]]);
});

test.each([1, 2, 3, 4, 5])("no lease is early under random keep-alives (seed %i)", (seed) => {
  const random = new SeededPrng(seed);
  const clock = new LeaseClock();
  clock.takeOver(1, [], 0, 0);
  const extendedMs = new Map<string, number>();
  for (let nowMs = 0, made = 0; nowMs < 200_000; nowMs += random.below(700)) {
    if (random.below(3) === 0) {
      made += 1;
      clock.granted(lease(made, 10), nowMs);
      extendedMs.set(String(made), nowMs);
    }
    const id = String(1 + random.below(made));
    if (clock.renew(id, nowMs).ok) extendedMs.set(id, nowMs);
    for (const due of clock.due(nowMs)?.leases ?? []) {
      expect(nowMs - (extendedMs.get(due.id) as number)).toBeGreaterThanOrEqual(10_000);
      clock.ended(due.id);
      extendedMs.delete(due.id);
    }
  }
  expect([...extendedMs.values()].every((atMs) => 200_000 - atMs < 15_000)).toBe(true);
});

test("leases of very many keys end one after the other, and each does", () => {
  const clock = new LeaseClock();
  clock.takeOver(1, [], 0, 0);
  const counts = new Map([1, 2, 3, 4].map((id) => [String(id), id === 4 ? 90_000 : 9_000]));
  for (let id = 1; id <= 4; id += 1) clock.granted(lease(id, 10), 0);
  for (let nowMs = 0; nowMs < 10_000; nowMs += 1_000) clock.due(nowMs);
  const ended: number[][] = [];
  for (let nowMs = 10_000; nowMs < 12_000 && counts.size > 0; nowMs += 250) {
    const due = clock.due(nowMs, (id) => counts.get(id) ?? 0)?.leases.map(({ id }) => id) ?? [];
    ended.push(due.map((id) => counts.get(id) ?? 0));
    for (const id of due) {
      clock.ended(id);
      counts.delete(id);
    }
  }
  expect(counts.size).toBe(0);
  for (const keys of ended) {
    const isBounded = keys.length <= 1 || keys.reduce((sum, count) => sum + count, 0) <= 20_000;
    expect(isBounded, `${keys} keys end in one entry`).toBe(true);
  }
});

/** A lease with a key, and the expiry that the leader of term 3 decided. */
function expiryOfTheFirstLeader(): { space: KeySpace; expiry: LeaseExpiry } {
  const space = new KeySpace();
  const first = new LeaseClock();
  perform(space, { $case: "leaseTerm", value: { term: 3 } });
  first.takeOver(3, space.leases.all(), 0, 0);
  perform(space, grant("7", 10));
  for (const each of space.leases.all()) first.granted(each, 0);
  perform(space, put("lock", "held", { lease: "7" }));
  let expiry: LeaseExpiry | null = null;
  for (let nowMs = 0; nowMs <= 10_000; nowMs += 500) expiry ??= first.due(nowMs);
  if (expiry === null) throw new Error("the lease was due");
  return { space, expiry };
}

test("the expiry of a deposed leader has no effect once the next leader renews", () => {
  const { space, expiry } = expiryOfTheFirstLeader();
  const second = new LeaseClock();
  perform(space, { $case: "leaseTerm", value: { term: 4 } });
  second.takeOver(4, space.leases.all(), 0, 500_000);
  expect(second.renew("7", 500_000).ok).toBe(true);
  // For example because the first leader leads again, in term 5, and proposes what it had decided in term 3.
  expect(outcome(perform(space, { $case: "leaseExpiry", value: expiry }))).toMatchObject({ expired: [] });
  expect(listed(space, "lock")).toHaveLength(1);
});

test("an expiry that comes before the takeover counts, and the next leader never extends the lease", () => {
  const { space, expiry } = expiryOfTheFirstLeader();
  const second = new LeaseClock();
  expect(second.renew("7", 500_000)).toEqual({ ok: false, reason: "not-leading" });
  expect(outcome(perform(space, { $case: "leaseExpiry", value: expiry }))).toMatchObject({ expired: ["7"] });
  perform(space, { $case: "leaseTerm", value: { term: 4 } });
  second.takeOver(4, space.leases.all(), 0, 500_000);
  expect(second.renew("7", 500_000)).toEqual({ ok: false, reason: "not-found" });
  expect(listed(space, "lock")).toEqual([]);
});
