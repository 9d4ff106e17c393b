// Keys that queue for a lock or an election: the one with the lowest create revision has its turn (etcd's package
// concurrency). What must stay true: a key waits only for keys that came before it. A watch from the revision at which
// it saw them reports their end.

import { NO_LEASE } from "../../kv/leases.ts";
import type { Caller } from "../calls/caller.ts";
import { type KeyStore, valueRead } from "./kv-service.ts";
import { newLeaseId } from "./lease-id.ts";
import { rangeOfQueue } from "./queue-keys.ts";
import { nextEvent } from "./watch/next-event.ts";

const ONE_KEY = new Uint8Array();
/** etcd's session without a lease of the caller's own. */
const SESSION_SECONDS = 60;

/** A caller that may wait for as long as it likes. */
export interface Waiting {
  /** For one step of it. */
  readonly step: () => Caller;
  /** Its reason is an RpcError: of a caller that is gone, or that may not wait any more. */
  readonly gone: AbortSignal;
}

/** The lease of the session: the given one, or a new one, as of etcd's clients. */
export async function sessionLease(
  { writes }: KeyStore,
  lease: string,
  { step }: Pick<Waiting, "step">,
): Promise<string> {
  if (lease !== NO_LEASE) return lease;
  const value = { ID: newLeaseId(), TTL: SESSION_SECONDS };
  return (await writes.write({ $case: "leaseGrant", value }, step())).ID;
}

/** Resolves when no key of the queue is older than `createRevision`. Rejects with the reason of `gone`. */
export async function waitForTurn(
  { reads, hub }: KeyStore,
  name: Uint8Array,
  createRevision: number,
  { step, gone }: Waiting,
): Promise<void> {
  for (;;) {
    const { before, revision } = await reads.read(step(), (space) => {
      const found = space.range(rangeOfQueue(name, "last", createRevision - 1));
      // A refused read says nothing about who is first.
      return { before: valueRead(found).kvs[0], revision: space.currentRevision };
    });
    if (before === undefined) return;
    const watched = { key: before.key, rangeEnd: ONE_KEY, startRevision: revision + 1 };
    await nextEvent(hub, { ...watched, noPut: true, noDelete: false, prevKv: false }, gone);
  }
}
