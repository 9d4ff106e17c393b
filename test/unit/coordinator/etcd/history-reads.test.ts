// What watches read of history is shared by those that ask for the same.

import { expect, test } from "vitest";
import { from, Told, World } from "./hub-world.ts";
import { compact, put } from "./key-commands.ts";

test("watches of one range that read the same history share it, and each that comes later gets what is new", () => {
  const world = new World();
  for (let value = 0; value < 5; value += 1) world.do(put("a", String(value)));
  const lists: (readonly unknown[])[] = [];
  const watchers = Array.from({ length: 3 }, () => new Told());
  for (const watcher of watchers) {
    const take = watcher.events.bind(watcher);
    watcher.events = (watch, events) => {
      lists.push(events);
      take(watch, events);
    };
    watcher.isFull = true;
    world.hub.add(from(2, "a", "b"), watcher);
  }
  for (const [at, watcher] of watchers.entries()) {
    watcher.isFull = false;
    world.hub.wake();
    world.pass();
    world.do(put("a", `later ${at}`));
  }
  world.settle();
  const read = lists.filter((list) => list.length === 5);
  expect(read).toHaveLength(3);
  expect(new Set(read).size).toBe(1);
  const told = ["0", "1", "2", "3", "4", "later 0", "later 1", "later 2"];
  for (const { events_ } of watchers)
    expect(events_).toEqual(told.map((value, at) => `${at + 2}+a=${value}`));
});

test("what was compacted meanwhile is not shared", () => {
  const world = new World();
  for (let value = 0; value < 5; value += 1) world.do(put("a", String(value)));
  const [first, second] = [new Told(), new Told()];
  second.isFull = true;
  for (const watcher of [first, second]) world.hub.add(from(2), watcher);
  world.pass();
  world.do(compact(4));
  second.isFull = false;
  world.hub.wake();
  world.settle();
  expect([first.events_.length, second.events_, second.compactedAt]).toEqual([5, [], 4]);
});
