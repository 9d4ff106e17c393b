// An observer that reads slowly misses leaders in between, and never the newest one.

import { EventEmitter } from "node:events";
import type { ServerWritableStream } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import type { KeyStore } from "../../../../src/core/coordinator/etcd/kv-service.ts";
import { observe } from "../../../../src/core/coordinator/etcd/observe-election.ts";
import type { Waiting } from "../../../../src/core/coordinator/etcd/waiting-keys.ts";
import { WatchHub } from "../../../../src/core/coordinator/etcd/watch/watch-hub.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import type {
  LeaderRequest,
  LeaderResponse,
} from "../../../../src/core/wire/gen/etcd/v3electionpb/v3election.ts";
import { apply, bytes, del, put } from "./key-commands.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function untilTrue(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** A stream that is full after each answer. */
class SlowStream extends EventEmitter {
  readonly told: string[] = [];
  readonly request = { name: bytes("chair") };

  write({ kv }: LeaderResponse): boolean {
    this.told.push(Buffer.from(kv?.key ?? []).toString());
    return false;
  }
}

test("a leader that follows while the observer's stream is full is told when it reads again", async () => {
  const space = new KeySpace();
  const hub = new WatchHub({ space: () => space, later: (work) => setImmediate(work), now: () => 0 });
  const change = (...kinds: Parameters<typeof apply>[1][]) => hub.applied(apply(space, ...kinds));
  const gone = new AbortController();
  const stream = new SlowStream();
  let hasRoom = true;
  const reads = { read: async (_: unknown, use: (now: KeySpace) => unknown) => use(space) };
  const store = { reads, hub, headers: { now: () => undefined } };
  const ended = observe(
    store as unknown as KeyStore,
    stream as unknown as ServerWritableStream<LeaderRequest, LeaderResponse>,
    { step: () => ({}), gone: gone.signal } as unknown as Waiting,
    { isThere: () => hasRoom, wait: () => untilTrue(() => hasRoom) },
  ).catch(() => "gone");

  change(put("chair/a", "1"));
  for (let i = 0; i < 5; i += 1) await turn();
  expect(stream.told).toEqual(["chair/a"]);
  change(del("chair/a"), put("chair/b", "1"));
  stream.emit("drain");
  for (let i = 0; i < 10; i += 1) await turn();
  expect(stream.told).toEqual(["chair/a", "chair/b"]);
  // Its caller has not read what other streams of it got.
  hasRoom = false;
  change(del("chair/b"), put("chair/c", "1"));
  stream.emit("drain");
  for (let i = 0; i < 10; i += 1) await turn();
  expect(stream.told).toHaveLength(2);
  hasRoom = true;
  for (let i = 0; i < 10; i += 1) await turn();
  expect(stream.told).toEqual(["chair/a", "chair/b", "chair/c"]);
  gone.abort();
  expect(await ended).toBe("gone");
});

test("of many observers that have room together only those are told for which it is enough", async () => {
  const space = new KeySpace();
  const hub = new WatchHub({ space: () => space, later: (work) => setImmediate(work), now: () => 0 });
  const reads = {
    read: async (_: unknown, use: (now: KeySpace) => unknown) => {
      await turn();
      return use(space);
    },
  };
  const store = { reads, hub, headers: { now: () => undefined } };
  const gone = new AbortController();
  let room = 3;
  const isThere = () => room > 0;
  const streams = Array.from({ length: 20 }, () => {
    const stream = new SlowStream();
    const write = stream.write.bind(stream);
    stream.write = (response) => {
      room -= 1;
      return write(response);
    };
    return stream;
  });
  const told = () => streams.flatMap((stream) => stream.told).length;
  apply(space, put("chair/a", "1"));
  const ended = streams.map((stream) =>
    observe(
      store as unknown as KeyStore,
      stream as unknown as ServerWritableStream<LeaderRequest, LeaderResponse>,
      { step: () => ({}), gone: gone.signal } as unknown as Waiting,
      {
        isThere,
        wait: () => untilTrue(() => isThere() || gone.signal.aborted),
      },
    ).catch(() => "gone"),
  );
  for (let i = 0; i < 20; i += 1) await turn();
  expect(told()).toBe(3);
  room = 17;
  for (let i = 0; i < 20; i += 1) await turn();
  expect(streams.map((stream) => stream.told)).toEqual(streams.map(() => ["chair/a"]));
  gone.abort();
  for (const stream of streams) stream.emit("drain");
  expect(await Promise.all(ended)).toEqual(streams.map(() => "gone"));
});
