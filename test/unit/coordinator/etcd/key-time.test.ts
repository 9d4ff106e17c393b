// The window of retention under clocks that are wrong. No leader's clock drops a version inside the window, or holds
// up writes longer than the window.

import { expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import type { Caller } from "../../../../src/core/coordinator/calls/caller.ts";
import type { KeyGroup } from "../../../../src/core/coordinator/etcd/etcd-context.ts";
import { KeyTime } from "../../../../src/core/coordinator/etcd/key-time.ts";
import { KeyWrites } from "../../../../src/core/coordinator/etcd/key-writes.ts";
import { KeysMachine } from "../../../../src/core/coordinator/group/keys-machine.ts";
import { entry, listed, put } from "../../kv/operations.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CALLER: Caller = { identity: { kind: "admin" }, deadline: Number.POSITIVE_INFINITY };

/** A log that leaders follow one another on. All see the same time pass; each has clocks of its own. */
class World {
  nowMs = 0;
  #term = 0;
  readonly #machine = new KeysMachine();

  constructor(windowMs: number, revisionsMax = 0) {
    this.apply(entry({ $case: "retention", value: { windowMs, revisionsMax, changeNumber: 0 } }));
  }

  get space() {
    const { space } = this.#machine;
    if (space === null) throw new Error("the state is whole and trusted");
    return space;
  }

  apply(data: Uint8Array) {
    const index = logIndex(this.#machine.appliedIndex + 1);
    return { ok: true, index, result: this.#machine.apply(index, data) };
  }

  /** The next term's leader. `own`: its clocks, which count from another moment than those of the others. */
  leader(own = { wallOffsetMs: 0, startedMs: 0 }) {
    const machine = this.#machine;
    const driver = { role: "leader", term: 0, propose: async (data: Uint8Array) => this.apply(data) };
    const clock = {
      monotonicMs: () => this.nowMs - own.startedMs,
      wallMs: () => 1_700_000_000_000 + this.nowMs + own.wallOffsetMs,
    };
    const group = { driver, machine } as unknown as KeyGroup;
    const fleet = {
      clock,
      sleep: async () => undefined,
      disk: { isFull: false },
      work: { answer: () => null },
    };
    const time = new KeyTime(clock);
    const writes = new KeyWrites({ fleet, time, keys: () => group } as never);
    const lead = () => {
      this.#term += 1;
      driver.term = this.#term;
    };
    lead();
    /** A write of the key "a"; null, or why it is refused. */
    const write = () =>
      writes.propose(group, { kind: put("a", "1"), leasesSeenAt: 0 }, CALLER).then(
        () => null,
        (error: Error) => error.message,
      );
    return { own, lead, write };
  }
}

test("a wall clock that is set an hour ahead drops nothing inside the window", async () => {
  const world = new World(HOUR);
  const leader = world.leader();
  for (let minute = 0; minute < 30; minute += 1) {
    await leader.write();
    world.nowMs += MINUTE;
  }
  leader.own.wallOffsetMs = HOUR;
  for (let minute = 0; minute < 20; minute += 1) {
    await leader.write();
    world.nowMs += MINUTE;
  }
  expect(world.space.compactRevision).toBe(-1);
  expect(listed(world.space as never, "a", { revision: 2 })).toHaveLength(1);
});

test("a new leader whose clocks are hours ahead drops nothing inside the window", async () => {
  const world = new World(HOUR);
  const first = world.leader();
  for (let minute = 0; minute < 30; minute += 1) {
    await first.write();
    world.nowMs += MINUTE;
  }
  await world.leader({ wallOffsetMs: HOUR, startedMs: -10 * HOUR }).write();
  world.nowMs += MINUTE;
  await world.leader({ wallOffsetMs: 0, startedMs: world.nowMs }).write();
  expect(world.space.compactRevision).toBe(-1);
});

test("a leader that leads again does not count the time of the leaders in between twice", async () => {
  const world = new World(HOUR);
  const [one, two] = [world.leader(), world.leader()];
  one.lead();
  await one.write();
  world.nowMs += 50 * MINUTE;
  two.lead();
  // It begins where the other one ended: 50 minutes are not counted.
  await two.write();
  const { currentRevision } = world.space;
  world.nowMs += 20 * MINUTE;
  one.lead();
  for (let at = 0; at < 5; at += 1) await one.write();
  expect(world.space.compactRevision).toBeLessThan(currentRevision);
});

test("after a clock is set back, each leader refuses writes for at most the window", async () => {
  const world = new World(MINUTE, 10);
  const first = world.leader({ wallOffsetMs: HOUR, startedMs: 0 });
  for (let at = 0; at < 10; at += 1) await first.write();
  expect(await first.write()).toContain("too many requests");
  first.own.wallOffsetMs = 0;
  // Clients retry.
  const retry = async (leader: typeof first) => {
    world.nowMs += 1_000;
    return leader.write();
  };
  for (let second = 0; second < 30; second += 1) await retry(first);
  const next = world.leader();
  for (let second = 0; second < 35; second += 1) await retry(next);
  expect(await next.write()).toBeNull();
});

test("time passes for the window as the leader counts it", async () => {
  const world = new World(HOUR);
  const leader = world.leader();
  for (let minute = 0; minute < 120; minute += 1) {
    await leader.write();
    world.nowMs += MINUTE;
  }
  // Revision 2 is the first; an hour before the end revision 61 was current.
  expect(world.space.compactRevision).toBeGreaterThan(55);
  expect(world.space.compactRevision).toBeLessThanOrEqual(61);
});

test("a leader that has not applied all of its log yet moves no time until it has", () => {
  let nowMs = 0;
  const space = { timeMs: 0 };
  const time = new KeyTime({ monotonicMs: () => nowMs });
  const stamp = (term: number) => time.stamp({ driver: { term }, machine: { space } });
  expect(stamp(1)).toBe(0);
  nowMs += 10;
  space.timeMs = 5_000;
  expect(stamp(1)).toBe(5_000);
  nowMs += 7;
  expect(stamp(1)).toBe(5_007);
  expect(time.stamp({ driver: { term: 1 }, machine: { space: null } })).toBe(0);
  nowMs += 100;
  expect(stamp(2)).toBe(5_000);
});
