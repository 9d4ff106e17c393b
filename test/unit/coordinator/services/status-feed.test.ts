// One status for all that watch, at the pace of the feed, and nothing kept for those that do not read.

import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { STATUS_WATCHERS_MAX, StatusFeed } from "../../../../src/core/coordinator/services/status-feed.ts";
import type { NodeStatus } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";

class Watcher extends EventEmitter {
  readonly told: number[] = [];
  cancelled = false;
  writableNeedDrain = false;
  write(status: NodeStatus): boolean {
    this.told.push(status.term);
    return true;
  }
}

function feed() {
  const world = { nowMs: 0, made: 0, leader: "n1", fails: false, look: null as (() => unknown) | null };
  const statusFeed = new StatusFeed({
    make: () => {
      if (world.fails) throw new TypeError("a bug");
      world.made += 1;
      return { term: world.made } as NodeStatus;
    },
    leadership: () => world.leader,
    timers: {
      every: (_, action) => {
        world.look = action;
        return () => {
          world.look = null;
        };
      },
      after: () => () => undefined,
    },
    now: () => world.nowMs,
    errors: { answer: () => rpcError(13, "INTERNAL", "a bug") },
  });
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      world.nowMs += 100;
      world.look?.();
    }
  };
  const join = () => {
    const watcher = new Watcher();
    statusFeed.add(watcher);
    return watcher;
  };
  return { world, pass, join };
}

test("all that watch are told what was made once, twice a second", () => {
  const { world, pass, join } = feed();
  const watchers = Array.from({ length: 20 }, join);
  pass(2_000);
  expect(world.made).toBe(5);
  for (const { told } of watchers) expect(told).toEqual([1, 2, 3, 4, 5]);
});

test("a change of the leader is told at once", () => {
  const { world, pass, join } = feed();
  const { told } = join();
  world.leader = "n2";
  pass(100);
  expect(told).toEqual([1, 2]);
});

test("who does not read is told nothing, and then the newest alone", () => {
  const { pass, join } = feed();
  const slow = join();
  slow.writableNeedDrain = true;
  pass(5_000);
  expect(slow.told).toEqual([1]);
  slow.writableNeedDrain = false;
  slow.emit("drain");
  expect(slow.told).toEqual([1, 11]);
});

test.each(["cancelled", "close", "error"])("%s: without a watcher there is no work", (event) => {
  const { world, pass, join } = feed();
  const watcher = join();
  watcher.emit(event, new Error("gone"));
  expect(world.look).toBeNull();
  pass(5_000);
  expect(watcher.told).toEqual([1]);
  expect(join().told).toEqual([2]);
});

test("the number of watchers is bounded; a refused one is told to come again", () => {
  const { join } = feed();
  for (let at = 0; at < STATUS_WATCHERS_MAX; at += 1) join();
  const refused = () => {
    try {
      return join();
    } catch (error) {
      return readRpcError(error);
    }
  };
  expect(refused()).toMatchObject({ reason: "TOO_MANY_WATCHERS", retryDelayMs: 5_000 });
});

test("an exception that nothing foresaw ends the streams, and the next watcher is served", () => {
  const { world, pass, join } = feed();
  const watcher = join();
  const errors: unknown[] = [];
  watcher.on("error", (error) => errors.push(error));
  world.fails = true;
  pass(500);
  expect(errors).toHaveLength(1);
  world.fails = false;
  expect(join().told).toEqual([2]);
});
