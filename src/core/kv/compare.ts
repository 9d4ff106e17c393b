// The comparisons of a transaction. All must hold. A comparison of a range must hold for each key in it.

import type { Compare } from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import { compareBytes, rangeOf } from "./key-bytes.ts";
import type { Readable } from "./range.ts";
import type { ReadBudget } from "./read-budget.ts";

const NONE = new Uint8Array();
const ABSENT: KeyValue = {
  key: NONE,
  value: NONE,
  createRevision: 0,
  modRevision: 0,
  version: 0,
  lease: "0",
};
// The enumerations' values in etcd's proto.
const RESULT = { equal: 0, greater: 1, less: 2, notEqual: 3 } as const;
const TARGET = { version: 0, create: 1, mod: 2, value: 3, lease: 4 } as const;

/** When the budget is over, the result means nothing. */
export function holds(history: Readable, comparison: Compare, revision: number, budget: ReadBudget): boolean {
  const range = rangeOf(comparison.key, comparison.rangeEnd);
  const kvs =
    range === null ? only(history.at(comparison.key, revision)) : history.in(range, revision, budget);
  let isAbsent = true;
  for (const kv of kvs) {
    isAbsent = false;
    budget.visit();
    if (comparison.target === TARGET.value)
      budget.compare(Math.min(kv.value.length, givenLength(comparison)));
    if (budget.isOver) return false;
    if (!holdsFor(comparison, kv)) return false;
  }
  if (!isAbsent) return true;
  // An absent key has no value, not even an empty one.
  return comparison.target !== TARGET.value && holdsFor(comparison, ABSENT);
}

function givenLength({ targetUnion: given }: Compare): number {
  return given?.$case === "value" ? given.value.length : 0;
}

function only(kv: KeyValue | null): readonly KeyValue[] {
  return kv === null ? [] : [kv];
}

function holdsFor(comparison: Compare, kv: KeyValue): boolean {
  const order = orderOf(comparison, kv);
  switch (comparison.result) {
    case RESULT.equal:
      return order === 0;
    case RESULT.notEqual:
      return order !== 0;
    case RESULT.greater:
      return order > 0;
    case RESULT.less:
      return order < 0;
    default:
      return true;
  }
}

/** Of the key's field against the given one. A given field of another kind counts as zero or empty, as in etcd. */
function orderOf({ target, targetUnion: given }: Compare, kv: KeyValue): number {
  switch (target) {
    case TARGET.version:
      return kv.version - (given?.$case === "version" ? given.value : 0);
    case TARGET.create:
      return kv.createRevision - (given?.$case === "createRevision" ? given.value : 0);
    case TARGET.mod:
      return kv.modRevision - (given?.$case === "modRevision" ? given.value : 0);
    case TARGET.value:
      return compareBytes(kv.value, given?.$case === "value" ? given.value : NONE);
    case TARGET.lease:
      return orderOfIds(kv.lease, given?.$case === "lease" ? given.value : "0");
    default:
      return 0;
  }
}

function orderOfIds(left: string, right: string): number {
  const difference = BigInt(left) - BigInt(right);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
