// One stream of watches: what it keeps in memory, and what its requests cost, are bounded.

import { expect, test } from "vitest";
import { Headers } from "../../../../src/core/coordinator/etcd/headers.ts";
import type { Watch } from "../../../../src/core/coordinator/etcd/watch/watch.ts";
import { WatchHub } from "../../../../src/core/coordinator/etcd/watch/watch-hub.ts";
import { WatchStream } from "../../../../src/core/coordinator/etcd/watch/watch-stream.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { WatchRequest, WatchResponse } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { apply, bytes, del, put } from "./key-commands.ts";
import { LaterWork } from "./later-work.ts";

class World {
  readonly space = new KeySpace();
  readonly sent: WatchResponse[] = [];
  /** Of the answers that the transport has not taken yet. */
  readonly #taken: (() => void)[] = [];
  readonly #later = new LaterWork();
  places = 1_000;
  mayGetMore = true;
  looks = 0;
  room = 0;
  readonly hub: WatchHub;
  readonly stream: WatchStream;

  constructor() {
    const later = this.#later.add;
    this.hub = new WatchHub({ space: () => this.space, later, now: () => 0 });
    const toldAll = this.hub.toldAll.bind(this.hub);
    this.hub.toldAll = (watches: Iterable<Watch>) => {
      this.looks += 1;
      return toldAll(watches);
    };
    this.stream = new WatchStream({
      call: { writableNeedDrain: false, write: this.#write as never },
      ...{ hub: this.hub, headers: new Headers("1", 1 as never, () => null), space: () => this.space },
      ...{ mayRead: () => true, readMark: () => 0, mayGetMore: () => this.mayGetMore },
      takePlace: () => {
        if (this.places === 0) return null;
        this.places -= 1;
        return () => {
          this.places += 1;
        };
      },
      hasRoom: () => {
        this.room += 1;
        this.hub.wake();
      },
      later,
      fail: (error) => {
        throw error;
      },
    });
  }

  readonly #write = (response: WatchResponse, taken: () => void): boolean => {
    this.sent.push(response);
    this.#taken.push(taken);
    return true;
  };

  ask(request: Parameters<typeof WatchRequest.fromPartial>[0]): void {
    this.stream.take(WatchRequest.fromPartial(request));
  }

  watch(startRevision = 0): void {
    this.ask({ requestUnion: { $case: "createRequest", value: { key: bytes("a"), startRevision } } });
  }

  /** The transport takes all answers. */
  take(): void {
    for (const taken of this.#taken.splice(0)) taken();
  }

  settle(): void {
    this.#later.settle();
  }

  get told(): number {
    return this.sent.reduce((sum, { events }) => sum + events.length, 0);
  }
}

const progress = { requestUnion: { $case: "progressRequest" as const, value: {} } };

test("a stream whose answers are not taken is told about a mebibyte, and later the rest", () => {
  const world = new World();
  for (let at = 0; at < 100; at += 1) apply(world.space, put("a", "x".repeat(64_000)));
  for (let watch = 0; watch < 5; watch += 1) world.watch(2);
  world.settle();
  expect(world.stream.isFull).toBe(true);
  expect(world.told).toBe(17);
  for (let rest = 0; rest < 60; rest += 1) {
    world.take();
    world.settle();
  }
  expect(world.room).toBeGreaterThan(20);
  expect(world.told).toBe(500);
});

test("all requests for progress of one pass look at the watches once", () => {
  const world = new World();
  world.watch();
  for (let flood = 0; flood < 1_000; flood += 1) world.ask(progress);
  world.settle();
  expect(world.looks).toBe(1);
  expect(world.sent.filter(({ watchId }) => watchId === "-1")).toHaveLength(1);
  world.ask(progress);
  world.settle();
  expect(world.looks).toBe(2);
});

test("a watch needs a place of its identity, and gives it back when it ends", () => {
  const world = new World();
  world.places = 2;
  for (let watch = 0; watch < 3; watch += 1) world.watch();
  expect(world.sent.map(({ canceled }) => canceled)).toEqual([false, false, true]);
  expect(world.sent[2]?.cancelReason).toBe("etcdserver: too many requests");
  world.ask({ requestUnion: { $case: "cancelRequest", value: { watchId: "0" } } });
  expect(world.places).toBe(1);
  world.watch();
  expect(world.places).toBe(0);
  world.stream.end();
  expect(world.places).toBe(2);
});

test.each([
  { id: "1795406472723000001", why: "etcd-cpp-apiv3 takes the nanoseconds since 1970" },
  { id: "9223372036854775807", why: "the largest" },
  { id: "-9223372036854775808", why: "the smallest" },
])("a client may choose the id $id: $why", ({ id }) => {
  const world = new World();
  const onWire = (request: Parameters<typeof WatchRequest.fromPartial>[0]) =>
    world.stream.take(WatchRequest.decode(WatchRequest.encode(WatchRequest.fromPartial(request)).finish()));
  const create = {
    requestUnion: { $case: "createRequest" as const, value: { key: bytes("a"), watchId: id } },
  };
  onWire(create);
  onWire(create);
  world.hub.applied(apply(world.space, put("a", "1")));
  world.settle();
  onWire({ requestUnion: { $case: "cancelRequest", value: { watchId: id } } });
  const sent = world.sent.map((each) => WatchResponse.decode(WatchResponse.encode(each).finish()));
  expect(
    sent.map(({ watchId, created, canceled, events }) => [watchId, created, canceled, events.length]),
  ).toEqual([
    [id, true, false, 0],
    ["-1", true, true, 0],
    [id, false, false, 1],
    [id, false, true, 0],
  ]);
});

test("a stream whose caller has not read what its other streams got is told nothing, and later all", () => {
  const world = new World();
  world.watch();
  world.mayGetMore = false;
  world.hub.applied([...apply(world.space, put("a", "1")), ...apply(world.space, put("a", "2"))]);
  world.settle();
  expect(world.told).toBe(0);
  world.mayGetMore = true;
  world.hub.wake();
  world.settle();
  expect(world.told).toBe(2);
});

test("a revision that is too large for one answer is told in several", () => {
  const world = new World();
  world.ask({ requestUnion: { $case: "createRequest", value: { key: bytes("a"), rangeEnd: bytes("b") } } });
  const keys = Array.from({ length: 40 }, (_, at) => `a${"x".repeat(1_000_000)}${at}`);
  for (const key of keys) apply(world.space, put(key, ""));
  world.hub.applied(apply(world.space, del("a", "b")));
  world.settle();
  const answers = world.sent.filter(({ events }) => events.length > 0);
  expect(answers.flatMap(({ events }) => events)).toHaveLength(40);
  expect(answers.map(({ fragment }) => fragment)).toEqual(answers.map((_, at) => at < answers.length - 1));
  expect(answers.length).toBeGreaterThan(1);
});
