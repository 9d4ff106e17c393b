// One status for all that watch, at the pace of the feed, and nothing kept for those that do not read.

import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import {
  IDENTITY_WATCHERS_MAX,
  STATUS_WATCHERS_MAX,
  StatusFeed,
} from "../../../../src/core/coordinator/services/status-feed.ts";
import type { NodeStatus } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import type { Identity } from "../../../../src/core/wire/tls/identity.ts";

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
  const join = (identity: Identity = { kind: "admin" }) => {
    const watcher = new Watcher();
    statusFeed.add(watcher, identity);
    return watcher;
  };
  return { world, pass, join };
}

test("all that watch are told what was made once, twice a second", () => {
  const { world, pass, join } = feed();
  const watchers = Array.from({ length: 20 }, () => join());
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

describe("the number of watchers is bounded", () => {
  const operator = (id: string): Identity => ({ kind: "operator", id });
  const refusal = (join: () => unknown) => {
    try {
      return join();
    } catch (error) {
      return readRpcError(error);
    }
  };
  const crowded = { reason: "TOO_MANY_WATCHERS", retryDelayMs: 5_000 };

  test("in all; a refused one is told to come again", () => {
    const { join } = feed();
    for (let at = 0; at < STATUS_WATCHERS_MAX; at += 1) join(operator(`o${at}`));
    expect(refusal(() => join(operator("late")))).toMatchObject(crowded);
  });

  test("by identity, and none keeps an administrator out", () => {
    const { join } = feed();
    for (let at = 0; at < IDENTITY_WATCHERS_MAX; at += 1) join({ kind: "readonly" });
    expect(refusal(() => join({ kind: "readonly" }))).toMatchObject(crowded);
    for (let at = IDENTITY_WATCHERS_MAX; at < STATUS_WATCHERS_MAX; at += 1) join(operator(`o${at}`));
    for (let at = 0; at < STATUS_WATCHERS_MAX; at += 1) expect(join().told).toEqual([1]);
    expect(refusal(() => join())).toMatchObject(crowded);
  });

  test("a watcher that has left makes room", () => {
    const { join } = feed();
    const watchers = Array.from({ length: IDENTITY_WATCHERS_MAX }, () => join({ kind: "readonly" }));
    watchers[0]?.emit("close");
    expect(join({ kind: "readonly" }).told).toEqual([1]);
  });
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
