// One stream of watches: what it keeps in memory, and what its requests cost, are bounded.

import { expect, test } from "vitest";
import type { Watch } from "../../../../src/core/coordinator/etcd/watch/watch.ts";
import {
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { apply, bytes, put } from "./key-commands.ts";
import { StreamWorld } from "./stream-world.ts";

const progress = { requestUnion: { $case: "progressRequest" as const, value: {} } };

test("a stream whose answers are not taken is told about a mebibyte, and later the rest", () => {
  const world = new StreamWorld();
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
  const world = new StreamWorld();
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
  const world = new StreamWorld();
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
  const world = new StreamWorld();
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
  const world = new StreamWorld();
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

test("a watch asks for room for its key and range end, and keeps nothing else of its request", () => {
  const world = new StreamWorld();
  const message = Buffer.from(`${"-".repeat(60_000)}app/appz`);
  const [key, rangeEnd] = [message.subarray(60_000, 60_004), message.subarray(60_004)];
  const kept: Watch[] = [];
  const add = world.hub.add.bind(world.hub);
  world.hub.add = (watched, watcher) => {
    const watch = add(watched, watcher);
    kept.push(watch);
    return watch;
  };
  const value = WatchCreateRequest.fromPartial({});
  world.stream.take({ requestUnion: { $case: "createRequest", value: { ...value, key, rangeEnd } } });
  expect(world.sizes).toEqual([8]);
  expect(kept.map((watch) => [watch.key.buffer.byteLength, watch.rangeEnd.buffer.byteLength])).toEqual([
    [4, 4],
  ]);
});
