// The hub that tells watchers: nothing is lost, repeated or reordered, whether a watcher reads history, follows, or
// stands still meanwhile.

import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import {
  MATCHED_MAX,
  READING_MS_MAX,
  TELLING_MS_MAX,
} from "../../../../src/core/coordinator/etcd/watch/watch-hub.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { from, Told, World } from "./hub-world.ts";
import { apply, compact, del, put, shown } from "./key-commands.ts";

test.each([
  { start: 0, told: ["4+a=3", "6-a"], why: "without a revision a watch begins with the next change" },
  { start: 2, told: ["2+a=1", "3+a=2", "4+a=3", "6-a"], why: "from the first one: history, then live" },
  { start: 3, told: ["3+a=2", "4+a=3", "6-a"], why: "from the middle" },
  { start: 5, told: ["6-a"], why: "from a revision that is still to come" },
])("$why", ({ start, told }) => {
  const world = new World();
  world.do(put("a", "1"));
  world.do(put("a", "2"));
  const watcher = new Told();
  world.hub.add(from(start), watcher);
  world.do(put("a", "3"), put("b", "9"));
  world.do(del("a"));
  world.settle();
  expect(watcher.events_).toEqual(told);
});

test("a watch of a range gets its keys and no others, and filters leave out a kind", () => {
  const world = new World();
  const [all, puts, deletes] = [new Told(), new Told(), new Told()];
  world.hub.add(from(0, "b", "d"), all);
  world.hub.add({ ...from(0, "b", "d"), noDelete: true }, puts);
  world.hub.add({ ...from(0, "b", "d"), noPut: true }, deletes);
  for (const key of ["a", "b", "c", "d"]) world.do(put(key, "1"));
  world.do(del("c"));
  world.settle();
  expect(all.events_).toEqual(["3+b=1", "4+c=1", "6-c"]);
  expect(puts.events_).toEqual(["3+b=1", "4+c=1"]);
  expect(deletes.events_).toEqual(["6-c"]);
});

test("a watcher that is full gets nothing, and later all that it missed", () => {
  const world = new World();
  const watcher = new Told(true);
  const watch = world.hub.add(from(0), watcher);
  for (let number = 1; number <= 5; number += 1) {
    world.do(put("a", String(number)));
    world.settle();
  }
  expect(watcher.events_).toEqual(["2+a=1"]);
  expect(world.hub.toldAll([watch])).toBeNull();
  watcher.isFull = false;
  world.hub.wake();
  world.settle();
  expect(watcher.events_).toEqual(["2+a=1", "3+a=2", "4+a=3", "5+a=4", "6+a=5"]);
  expect(world.hub.toldAll([watch])).toBe(6);
});

test("a watcher whose next event was compacted is told so, and gets nothing more", () => {
  const world = new World();
  for (const value of ["1", "2", "3"]) world.do(put("a", value));
  world.do(compact(4));
  const [late, inTime] = [new Told(), new Told()];
  world.hub.add(from(2), late);
  world.hub.add(from(4), inTime);
  world.settle();
  world.do(put("a", "4"));
  world.settle();
  expect(late).toMatchObject({ compactedAt: 4, events_: [] });
  expect(inTime).toMatchObject({ compactedAt: null, events_: ["4+a=3", "5+a=4"] });
});

test("after a restore a watch reads what it missed from the new key space", () => {
  const world = new World();
  const watcher = new Told();
  world.hub.add(from(0), watcher);
  world.do(put("a", "1"));
  world.settle();
  const restored = new KeySpace();
  for (const value of ["1", "2", "3"]) apply(restored, put("a", value));
  world.space = null;
  world.hub.wake();
  world.settle();
  world.space = restored;
  world.hub.restored();
  world.settle();
  world.do(put("a", "4"));
  world.settle();
  expect(watcher.events_).toEqual(["2+a=1", "3+a=2", "4+a=3", "5+a=4"]);
});

test("a watch whose first revision is still to come has not been told all", () => {
  const world = new World();
  world.do(put("a", "1"));
  const [now, later] = [world.hub.add(from(0), new Told()), world.hub.add(from(4), new Told())];
  world.settle();
  expect([world.hub.toldAll([now]), world.hub.toldAll([now, later])]).toEqual([2, null]);
  world.do(put("b", "1"));
  world.do(put("b", "2"));
  world.settle();
  expect(world.hub.toldAll([now, later])).toBe(4);
});

test("a removed watch gets nothing more", () => {
  const world = new World();
  const watcher = new Told();
  const watch = world.hub.add(from(0), watcher);
  world.do(put("a", "1"));
  world.hub.remove(watch);
  world.settle();
  expect(watcher.events_).toEqual([]);
});

test.each([
  { prevKv: false, told: 17, why: "a mebibyte of their own" },
  { prevKv: true, told: 9, why: "the versions before them are counted too" },
])("what a watch reads of history at once is bounded by bytes: $why", ({ prevKv, told }) => {
  const world = new World();
  for (let at = 0; at < 100; at += 1) world.do(put("a", "x".repeat(64_000)));
  const watcher = new Told(true);
  world.hub.add({ ...from(2), prevKv }, watcher);
  world.settle();
  expect(watcher.events_).toHaveLength(told);
  for (let rest = 0; rest < 20; rest += 1) {
    watcher.isFull = false;
    world.hub.wake();
    world.settle();
  }
  expect(watcher.events_).toHaveLength(100);
});

test("a hundred watches that read history are told some in a pass, for milliseconds, and all in turn", () => {
  const world = new World();
  for (let value = 0; value < 10; value += 1) world.do(put("a", String(value)));
  const watchers = Array.from({ length: 100 }, () => new Told());
  for (const watcher of watchers) {
    watcher.takes = () => {
      world.nowMs += 1;
    };
    world.hub.add(from(2), watcher);
  }
  const told = () => watchers.filter(({ events_ }) => events_.length > 0).length;
  for (let passes = 1; passes <= 100 / READING_MS_MAX; passes += 1) {
    world.pass();
    expect(told()).toBe(passes * READING_MS_MAX);
  }
  expect(watchers.every(({ events_ }) => events_.length === 10)).toBe(true);
});

test("a hundred watches of one key are told news some in a pass, for milliseconds, and all in turn", () => {
  const world = new World();
  const watchers = Array.from({ length: 100 }, () => new Told());
  for (const watcher of watchers) {
    watcher.takes = () => {
      world.nowMs += 1;
    };
    world.hub.add(from(0), watcher);
  }
  world.do(put("a", "1"));
  const told = () => watchers.filter(({ events_ }) => events_.length > 0).length;
  for (let passes = 1; passes <= 100 / TELLING_MS_MAX; passes += 1) {
    world.pass();
    expect(told()).toBe(passes * TELLING_MS_MAX);
    world.do(put("a", "later"));
  }
  world.settle();
  expect(world.hub.counts.behind).toBe(0);
  const news = ["2+a=1", ...Array.from({ length: 20 }, (_, at) => `${at + 3}+a=later`)];
  for (const { events_ } of watchers) expect(events_).toEqual(news);
});

test("many events of many ranges are read from history, and nothing is lost", () => {
  const world = new World();
  const events = 2_000;
  // Each range has all keys but the first one.
  const ranges = Math.ceil(MATCHED_MAX / events) + 50;
  const watchers = Array.from({ length: ranges }, (_, at) => {
    const watcher = new Told();
    world.hub.add(from(0, "a", `b${at}`), watcher);
    return watcher;
  });
  world.do(put("0", "first"));
  for (let at = 0; at < events; at += 1) world.do(put(`a${at}`, ""));
  world.pass();
  expect(world.hub.counts.behind).toBeGreaterThanOrEqual(50);
  world.settle();
  expect(world.hub.counts.behind).toBe(0);
  for (const { events_ } of watchers) expect(events_).toHaveLength(events);
});

test("a quiet watch survives a restore after a compaction of what it was told", () => {
  const world = new World();
  const watcher = new Told();
  world.hub.add(from(0, "quiet"), watcher);
  for (let at = 0; at < 10; at += 1) world.do(put("a", String(at)));
  world.settle();
  world.do(compact(9));
  world.hub.restored();
  world.do(put("quiet", "now"));
  world.settle();
  expect([watcher.compactedAt, watcher.events_]).toEqual([null, ["12+quiet=now"]]);
});

// Watches come, stand still and continue at random: each gets exactly the events from its start on.
test.each([1, 2, 3, 4, 5])("random watchers lose and repeat nothing (seed %i)", (seed) => {
  const random = new SeededPrng(seed);
  const world = new World();
  const keys = ["a", "ab", "b", "c"];
  const happened: { readonly revision: number; readonly key: string; readonly text: string }[] = [];
  const watchers: {
    readonly told: Told;
    readonly start: number;
    readonly key: string;
    readonly end: string;
  }[] = [];
  const pick = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;
  for (let step = 0; step < 300; step += 1) {
    const { space } = world;
    if (space === null) throw new Error("there is a space");
    const what = random.below(10);
    if (what < 6) {
      const key = pick(keys);
      const applied = apply(space, random.below(4) === 0 ? del(key) : put(key, String(step)));
      for (const { events } of applied)
        for (const event of events)
          happened.push({ revision: event.kv?.modRevision ?? 0, key, text: shown(event) });
      world.hub.applied(applied);
    } else if (what === 6) {
      const told = new Told(random.below(2) === 0);
      told.takes = () => {
        world.nowMs += random.below(4);
      };
      const start = random.below(space.currentRevision + 3);
      const range = pick([
        ["a", ""],
        ["a", "b"],
        ["b", "\0"],
        ["\0", "\0"],
      ] as const);
      watchers.push({
        told,
        start: start === 0 ? space.currentRevision + 1 : start,
        key: range[0],
        end: range[1],
      });
      world.hub.add(from(start, ...range), told);
    } else if (what === 7) {
      for (const { told } of watchers) told.isFull = false;
      world.hub.wake();
    } else if (what === 8) world.pass();
    else world.settle();
  }
  for (let rest = 0; rest < 400; rest += 1) {
    for (const { told } of watchers) told.isFull = false;
    world.hub.wake();
    world.settle();
  }
  expect(watchers.length).toBeGreaterThan(5);
  for (const { told, start, key, end } of watchers) {
    const isIn = (name: string) => (end === "" ? name === key : name >= key && (end === "\0" || name < end));
    const wanted = happened.filter((event) => event.revision >= start && isIn(event.key));
    expect(told.events_).toEqual(wanted.map(({ text }) => text));
  }
});

class Broken extends Told {
  readonly failures: unknown[] = [];

  override events(): void {
    throw new TypeError("a bug");
  }

  override failed(error: unknown): void {
    this.failures.push(error);
  }
}

test.each([
  { start: 0, why: "with new events" },
  { start: 2, why: "with history" },
])("a watcher that throws $why ends alone", ({ start }) => {
  const world = new World();
  world.do(put("a", "1"));
  const [before, broken, after] = [new Told(), new Broken(), new Told()];
  for (const watcher of [before, broken, after]) world.hub.add(from(start), watcher);
  world.do(put("a", "2"));
  world.settle();
  world.do(put("a", "3"));
  world.settle();
  expect(broken.failures).toEqual([new TypeError("a bug")]);
  const told = start === 0 ? ["3+a=2", "4+a=3"] : ["2+a=1", "3+a=2", "4+a=3"];
  expect([before.events_, after.events_]).toEqual([told, told]);
  expect(world.hub.counts).toEqual({ all: 2, behind: 0 });
});

test("a failure that ends other watches of its stream leaves none of them behind", () => {
  const world = new World();
  world.do(put("a", "1"));
  const other = new Told();
  const broken = new Broken();
  broken.failed = () => world.hub.remove(watch);
  world.hub.add(from(2), broken);
  const watch = world.hub.add(from(2), other);
  world.settle();
  world.do(put("a", "2"));
  world.settle();
  expect(other.events_).toEqual([]);
  expect(world.hub.counts).toEqual({ all: 0, behind: 0 });
});
