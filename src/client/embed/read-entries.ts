// Reads the entries behind a snapshot in order of revision. Their keys have no order, so the keys are listed first, and the
// values read after that. What must stay true: no request's answer grows with the log.

import type { KeyValue } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import type { Placed } from "./log-keys.ts";
import { CALL_MS, type Setting } from "./setting.ts";
import { keysAt, valueAt } from "./transactions.ts";

/** etcd loads the values of a page even if it sends only keys. */
const KEYS_AT_ONCE = 128;
/** Each value has at most 1 MiB. */
const VALUES_AT_ONCE = 16;
const PUT = 0;

/** `take`: whole revisions, and the revision through which everything is known now. */
export async function readEntries(
  setting: Setting,
  at: number,
  take: (placed: readonly Placed[], revision: number) => void,
): Promise<void> {
  const { store, keys, log } = setting;
  const listed = await listEntries(setting, at, log.index);
  for (let from = 0; from < listed.length; from += VALUES_AT_ONCE) {
    const group = listed.slice(from, from + VALUES_AT_ONCE);
    const answers = await Promise.all(group.map(({ key }) => store.range(valueAt(key, at), CALL_MS)));
    const placed = answers
      .flatMap(({ kvs }) => kvs)
      .map((kv) => keys.read({ type: PUT, kv, prevKv: undefined }))
      .filter((each) => each !== null);
    take(placed, group.at(-1)?.createRevision ?? 0);
  }
  take([], at);
}

/** Those that were created after a revision, oldest first. */
async function listEntries({ store, keys }: Setting, at: number, after: number): Promise<KeyValue[]> {
  const { rangeEnd } = keys.entries;
  const listed: KeyValue[] = [];
  for (let { key } = keys.entries; ; ) {
    const page = await store.range(keysAt({ key, rangeEnd }, at, KEYS_AT_ONCE), CALL_MS);
    for (const kv of page.kvs) if (kv.createRevision > after) listed.push(kv);
    const last = page.kvs.at(-1);
    if (last === undefined || !page.more) break;
    key = Buffer.concat([last.key, Buffer.of(0)]);
  }
  return listed.sort((left, right) => left.createRevision - right.createRevision);
}
