// Tells an observer of an election each leader and each of its values, the newest for certain, and not more often than
// the observer reads.

import { once } from "node:events";
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { KeyValue } from "../../wire/gen/etcd/mvccpb/kv.ts";
import type { LeaderRequest, LeaderResponse } from "../../wire/gen/etcd/v3electionpb/v3election.ts";
import { type KeyStore, valueRead } from "./kv-service.ts";
import { rangeEndOfPrefix } from "./prefix.ts";
import { queuePrefix, rangeOfQueue } from "./queue-keys.ts";
import type { Waiting } from "./waiting-keys.ts";
import { nextEvent } from "./watch/next-event.ts";

const ONE_KEY = new Uint8Array();

/** Whether the caller may get one more answer. */
export interface Room {
  isThere(): boolean;
  wait(gone: AbortSignal): Promise<void>;
}

/** Until the caller is gone, when it rejects. */
export async function observe(
  { reads, headers, hub }: KeyStore,
  call: ServerWritableStream<LeaderRequest, LeaderResponse>,
  { step, gone }: Waiting,
  room: Room,
): Promise<never> {
  const { name } = call.request;
  const key = queuePrefix(name);
  let told: KeyValue | null = null;
  for (;;) {
    await room.wait(gone);
    const { leader, revision } = await reads.read(step(), (space) => {
      const [first] = valueRead(space.range(rangeOfQueue(name, "first"))).kvs;
      return { leader: first ?? null, revision: space.currentRevision };
    });
    // Before the wait below: what changes meanwhile is told afterwards.
    const startRevision = revision + 1;
    if (
      leader !== null &&
      (told?.modRevision !== leader.modRevision || told.createRevision !== leader.createRevision)
    ) {
      // Thousands of observers have room in the same moment, until the first ones get what they read.
      if (!room.isThere()) continue;
      told = leader;
      if (!call.write({ header: headers.now(), kv: leader })) await once(call, "drain", { signal: gone });
    }
    // Without a leader any key may become one.
    const watched =
      leader === null ? { key, rangeEnd: rangeEndOfPrefix(key) } : { key: leader.key, rangeEnd: ONE_KEY };
    const rest = { startRevision, noPut: false, noDelete: false, prevKv: false };
    await nextEvent(hub, { ...watched, ...rest }, gone);
  }
}
