// Brings this host's log up to date and keeps it so: a snapshot, the entries after it, then a watch. After a compaction
// it starts again from the newest snapshot.

import { randomUUID } from "node:crypto";
import type { OperatorError } from "../../core/base/errors.ts";
import type { KeyValue } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import type { Captured, Leader } from "./applied-log.ts";
import { isCode, unusable } from "./errors.ts";
import { encodeFields, type Placed, readHead, readId } from "./log-keys.ts";
import { readEntries } from "./read-entries.ts";
import { Retries } from "./retries.ts";
import { CALL_MS, type Setting } from "./setting.ts";
import { answersIn, get, never, put, revisionOf, transaction, valueAt } from "./transactions.ts";

const PUT = 0;

/** `onReady`: the log has everything that was written before. Resolves when closed; throws what ends the host. */
export async function follow(setting: Setting, onReady: () => void): Promise<void> {
  const { store, keys, log, signal } = setting;
  const retries = new Retries(setting);
  let isReady = false;
  while (!signal.aborted) {
    try {
      await rebuild(setting);
      isReady = true;
      onReady();
      for await (const events of store.watch(keys.all, log.revision + 1, signal)) {
        const placed = events.map((event) => keys.read(event)).filter((each) => each !== null);
        const last = events.reduce((most, { kv }) => Math.max(most, kv?.modRevision ?? 0), 0);
        log.take(placed, last);
        if (log.failure !== null) throw log.failure;
      }
    } catch (error) {
      // The caller of open hears of a refusal at once.
      const isKnown = isReady || isCode(error, "REVISION_COMPACTED", "UNAVAILABLE", "OUTCOME_UNKNOWN");
      if (!isKnown) throw error;
      await retries.after(error);
    }
  }
}

/** The whole log as it was at one revision. */
async function rebuild(setting: Setting): Promise<void> {
  const { log } = setting;
  const { id, head, leader, at } = await readBeginning(setting);
  const captured = await readSnapshot(setting, head, at);
  log.restore(id, captured, head?.modRevision ?? 0, leaderOf(setting, leader));
  await readEntries(setting, at, (placed, revision) => {
    log.take(placed, revision);
    if (log.failure !== null) throw log.failure;
  });
  log.endRebuild();
}

/** The first host of a log makes its id. */
async function readBeginning({ store, keys }: Setting) {
  for (;;) {
    const reads = [keys.id, keys.head, keys.leader].map((key) => get(key));
    const response = await store.txn(transaction([], reads), CALL_MS);
    const [[kept] = [], [head] = [], [leader] = []] = answersIn(response);
    if (kept !== undefined) {
      const id = readId(kept.value);
      if (id === null) throw damaged();
      return { id, head, leader, at: revisionOf(response) };
    }
    const made = put(keys.id, encodeFields({ id: randomUUID() }));
    await store.txn(transaction([never(keys.id)], [made]), CALL_MS);
  }
}

function leaderOf({ keys }: Setting, kv: KeyValue | undefined): Leader | null {
  if (kv === undefined) return null;
  const read: Placed | null = keys.read({ type: PUT, kv, prevKv: undefined });
  return read?.event.kind === "leader" ? { host: read.event.host, term: read.revision } : null;
}

async function readSnapshot(
  { store, keys }: Setting,
  kv: KeyValue | undefined,
  at: number,
): Promise<Captured | null> {
  if (kv === undefined) return null;
  const head = readHead(kv.value);
  if (head === null) throw damaged();
  const bytes: Uint8Array[] = [];
  for (let part = 0; part < head.parts; part += 1) {
    const { kvs } = await store.range(valueAt(keys.part(head.index, part), at), CALL_MS);
    const [only] = kvs;
    if (only === undefined) throw damaged();
    bytes.push(only.value);
  }
  try {
    return JSON.parse(Buffer.concat(bytes).toString()) as Captured;
  } catch {
    throw damaged();
  }
}

function damaged(): OperatorError {
  return unusable(
    "the beginning of this log can't be read",
    "another program writes under this name: choose another name, or restore the keys",
  );
}
