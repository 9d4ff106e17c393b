// A revision with more than 32 MiB of events is told in parts, as fast as its watcher reads. Between two parts the stream has
// nothing else: etcd's Go client puts the parts together until another answer comes.

import { expect, test } from "vitest";
import type { WatchCreateRequest } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { apply, bytes, compact, del, put } from "./key-commands.ts";
import { StreamWorld } from "./stream-world.ts";

const MEGABYTE = 1024 * 1024;
const KEYS = 40;
const name = (at: number) => `a${String(at).padStart(3, "0")}`;

/** 40 MiB of values. */
function filled(): StreamWorld {
  const world = new StreamWorld();
  for (let at = 0; at < KEYS; at += 1) world.do(put(name(at), "x".repeat(MEGABYTE)));
  world.settle();
  return world;
}

const create = (world: StreamWorld, value: Partial<WatchCreateRequest> = {}) =>
  world.ask({
    requestUnion: {
      $case: "createRequest",
      value: { key: bytes("a"), rangeEnd: bytes("b"), prevKv: true, ...value },
    },
  });

const withEvents = (world: StreamWorld) => world.sent.filter(({ events }) => events.length > 0);
const keysOf = (world: StreamWorld) =>
  withEvents(world).flatMap(({ events }) => events.map(({ kv }) => Buffer.from(kv?.key ?? []).toString()));
const all = Array.from({ length: KEYS }, (_, at) => name(at));

/** The transport takes what there is, again and again. */
function read(world: StreamWorld): void {
  for (let more = 0; more < 3 * KEYS; more += 1) {
    world.take();
    world.settle();
  }
}

test.each([
  { prevKv: true, fragment: false, why: "with the versions before" },
  { prevKv: true, fragment: true, why: "to a watch that asked for fragments" },
])("a large revision is told in parts, and the next only when one is taken: $why", (options) => {
  const world = filled();
  create(world, options);
  world.do(del("a", "b"));
  world.settle();
  expect(
    withEvents(world).flatMap(({ events }) => events).length,
    "of a stream that is not read",
  ).toBeLessThan(4);
  world.do(put("a-later", "1"));
  read(world);
  expect(keysOf(world)).toEqual([...all, "a-later"]);
  const answers = withEvents(world);
  expect(answers.length).toBeGreaterThan(30);
  const cut = answers.map(({ fragment }) => fragment);
  expect(cut).toEqual(answers.map((_, at) => at < answers.length - 2));
  expect(
    answers.every(({ events }) => events.every(({ prevKv }) => prevKv !== undefined || events.length === 1)),
  ).toBe(true);
});

test("the news of one large revision and of history are told alike", () => {
  const world = filled();
  world.do(del("a", "b"));
  create(world, { startRevision: world.space.currentRevision });
  world.settle();
  read(world);
  expect(keysOf(world)).toEqual(all);
});

test.each([
  { options: { prevKv: false }, why: "without the versions before" },
  { options: { noDelete: true }, why: "to a watch that wants no deletions" },
])("a revision that is large only to others is told at once: $why", ({ options }) => {
  const world = filled();
  const { noDelete = false, ...value } = options as { noDelete?: boolean };
  create(world, { ...value, filters: noDelete ? [1] : [] });
  world.do(del("a", "b"));
  world.do(put("a-later", "1"));
  world.settle();
  expect(keysOf(world)).toEqual(noDelete ? ["a-later"] : [...all, "a-later"]);
});

/** Watch 0 has got a part of a revision, and watch 1 has news. */
function midway(): StreamWorld {
  const world = filled();
  create(world);
  create(world, { key: bytes("other"), rangeEnd: bytes("") });
  world.do(del("a", "b"));
  world.settle();
  world.do(put("other", "1"));
  return world;
}

test("another watch of the stream, and its requests, wait until the revision is whole", () => {
  const world = midway();
  world.ask({ requestUnion: { $case: "cancelRequest", value: { watchId: "1" } } });
  create(world, { key: bytes("third"), rangeEnd: bytes("") });
  expect(world.stream.isFull).toBe(true);
  read(world);
  const first = world.sent.findIndex(({ fragment }) => fragment);
  const last = world.sent.findLastIndex(({ watchId, events }) => watchId === "0" && events.length > 0);
  expect(world.sent.slice(first, last + 1).every(({ watchId }) => watchId === "0")).toBe(true);
  const after = world.sent
    .slice(last + 1)
    .map(({ watchId, canceled, created }) => ({ watchId, canceled, created }));
  expect(after).toEqual([
    { watchId: "1", canceled: true, created: false },
    { watchId: "2", canceled: false, created: true },
  ]);
  expect(world.stream.isFull).toBe(false);
});

test.each(["cancelled", "compacted"])("a watch that is %s in the middle of it frees the stream", (how) => {
  const world = midway();
  if (how === "cancelled") world.ask({ requestUnion: { $case: "cancelRequest", value: { watchId: "0" } } });
  else world.do(compact(world.space.currentRevision));
  read(world);
  expect(world.sent.filter(({ canceled }) => canceled).map(({ watchId }) => watchId)).toEqual(["0"]);
  expect(keysOf(world).at(-1)).toBe("other");
  expect(world.stream.isFull).toBe(false);
});

test("a watcher learns the end of a revision whose rest was compacted", () => {
  const world = filled();
  create(world);
  world.do(del("a", "b"));
  world.settle();
  const revision = world.space.currentRevision;
  // Deletions at the compaction's own revision stay, and what they deleted is gone.
  world.do(compact(revision));
  read(world);
  expect(keysOf(world)).toEqual(all);
  expect(withEvents(world).at(-1)?.fragment).toBe(false);
  expect(apply(world.space, put("b", "1"))).toHaveLength(1);
});
