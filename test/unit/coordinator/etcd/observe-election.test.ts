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
    async () => {
      while (!hasRoom) await turn();
    },
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
