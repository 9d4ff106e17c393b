// What a copy does with each key, and how the puts are cut into transactions. What must stay true: a key that has
// another value at the target is never replaced unless that was asked for. Pure.
import type { KeyValue } from "../../core/wire/gen/etcd/mvccpb/kv.ts";

/** etcd's limits are 128 operations and 1.5 MiB for a request. */
const PUTS_MAX = 100;
const BYTES_MAX = 1024 * 1024;
/** Protobuf's own bytes around a key and its value, twice: in the comparison and in the put. */
const OVERHEAD_BYTES = 64;

type Fields = Pick<KeyValue, "key" | "value" | "modRevision">;

/** A put that is made only if the target's key is still as it was read. */
export interface GuardedPut {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** 0: the key must not exist. */
  readonly modRevision: number;
}

export interface PagePlan {
  readonly puts: readonly GuardedPut[];
  /** Keys that are the same at both already. */
  readonly same: number;
  /** Keys with another value at the target. */
  readonly conflicts: readonly Uint8Array[];
}

/** `target`: its keys among those of `source`, by name. */
export function planPage(
  source: readonly Fields[],
  target: ReadonlyMap<string, Fields>,
  overwrite: boolean,
): PagePlan {
  const puts: GuardedPut[] = [];
  const conflicts: Uint8Array[] = [];
  let same = 0;
  for (const { key, value } of source) {
    const there = target.get(nameOf(key));
    if (there !== undefined && Buffer.compare(there.value, value) === 0) same += 1;
    else if (there === undefined || overwrite)
      puts.push({ key, value, modRevision: there?.modRevision ?? 0 });
    else conflicts.push(key);
  }
  return { puts, same, conflicts };
}

/** Each batch fits into one transaction, however large a single value is. */
export function batches(puts: readonly GuardedPut[]): GuardedPut[][] {
  const cut: GuardedPut[][] = [];
  let bytes = 0;
  for (const put of puts) {
    const size = put.key.length * 2 + put.value.length + OVERHEAD_BYTES;
    const last = cut.at(-1);
    if (last === undefined || last.length >= PUTS_MAX || bytes + size > BYTES_MAX) {
      cut.push([put]);
      bytes = size;
    } else {
      last.push(put);
      bytes += size;
    }
  }
  return cut;
}

/** A key as a map's key: one character a byte. */
export const nameOf = (key: Uint8Array): string => Buffer.from(key).toString("latin1");
