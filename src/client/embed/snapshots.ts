// The leader's snapshots of its state, so that the log stays short. What must stay true: the head is put when all parts
// are there, and entries are removed when the head is. Each step compares the leader's term. Heads never go back.

import { RangeRequest } from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Reign } from "./lead.ts";
import { encodeFields } from "./log-keys.ts";
import { Retries } from "./retries.ts";
import { CALL_MS, type Setting } from "./setting.ts";
import { fenced, lastChangedAt, oneKey, put, remove, revisionOf, transaction } from "./transactions.ts";
import { waitFor } from "./wait-for.ts";

const PART_BYTES = 512 * 1024;
/** A host that starts reads the log since the snapshot, so large entries need a snapshot sooner. */
const LOG_BYTES_MAX = 8 * 1024 * 1024;
/** etcd allows 128 operations in a transaction. */
const REMOVED_AT_ONCE = 100;

/** Resolves when the reign has ended. */
export async function keepShort(setting: Setting, reign: Reign, every: number): Promise<void> {
  const { log, clock } = setting;
  const signal = AbortSignal.any([setting.signal, reign.signal]);
  const waiting = { clock, signal, limitMs: Number.POSITIVE_INFINITY };
  const retries = new Retries({ ...setting, signal });
  while (!signal.aborted) {
    try {
      const isLong = () => log.entriesSinceSnapshot >= every || log.bytesSinceSnapshot >= LOG_BYTES_MAX;
      await waitFor(log, isLong, waiting);
      await save({ ...setting, signal }, reign);
    } catch (error) {
      if (signal.aborted) return;
      await retries.after(error);
    }
  }
}

async function save(setting: Setting, { term }: Reign): Promise<void> {
  const { store, keys, log, signal } = setting;
  const captured = log.capture();
  // An older head that arrives late must not replace a newer one, whose parts alone are there.
  const follows = lastChangedAt(keys.head, log.headRevision);
  const { index } = captured;
  const text = Buffer.from(JSON.stringify(captured));
  const isLeader = fenced({ leader: keys.leader, term });
  let parts = 0;
  for (let at = 0; at < text.length; at += PART_BYTES) {
    const part = put(keys.part(index, parts), text.subarray(at, at + PART_BYTES));
    await store.txn(transaction([isLeader], [part]), CALL_MS);
    parts += 1;
  }
  const head = put(keys.head, encodeFields({ index, parts }));
  const written = await store.txn(
    transaction([isLeader, follows], [head, remove(keys.partsBefore(index))]),
    CALL_MS,
  );
  if (!written.succeeded) return;
  for (;;) {
    const { key, rangeEnd } = keys.entries;
    const old = { key, rangeEnd, maxCreateRevision: index, keysOnly: true, limit: REMOVED_AT_ONCE };
    const { kvs } = await store.range(RangeRequest.fromPartial(old), CALL_MS);
    const removals = kvs.map((kv) => remove(oneKey(kv.key)));
    if (removals.length === 0 || signal.aborted) break;
    await store.txn(transaction([isLeader], removals), CALL_MS);
  }
  // Until then the entries still count.
  await waitFor(log, () => log.headRevision >= revisionOf(written), { ...setting, limitMs: CALL_MS });
}
