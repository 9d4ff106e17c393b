// What etcd refuses before it replicates a request (its `api/v3rpc/key.go`, v3.5.33). The service checks early, to keep
// such requests out of the log. Applying checks again: an entry may come from another build.

import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import { textOf } from "./key-bytes.ts";
import type { KeyError } from "./key-error.ts";

/** Of each list of one transaction; nested ones have what their parent left over. */
const OPERATIONS_MAX = 128;
/**
 * Of all lists of a transaction and the nested ones, both branches, with the comparisons. Not etcd's, whose limit of each
 * list allows some 10^19 operations. No transaction without nested ones reaches it.
 */
const TOTAL_MAX = 8 * OPERATIONS_MAX;

export function checkRange({ key }: RangeRequest | DeleteRangeRequest): KeyError | null {
  return key.length === 0 ? "empty-key" : null;
}

export function checkPut({ key, value, lease, ignoreValue, ignoreLease }: PutRequest): KeyError | null {
  if (key.length === 0) return "empty-key";
  if (ignoreValue && value.length > 0) return "value-provided";
  if (ignoreLease && lease !== "0") return "lease-provided";
  return null;
}

export function checkTxn(txn: TxnRequest): KeyError | null {
  if (countUpTo(TOTAL_MAX, txn) > TOTAL_MAX) return "too-many-operations";
  const wrong = checkOperations(txn, OPERATIONS_MAX);
  if (wrong !== null) return wrong;
  return changesOf(txn.success) === null || changesOf(txn.failure) === null ? "duplicate-key" : null;
}

/** Whether it need not be replicated. A nested transaction counts as a write, as in etcd. */
export function isReadOnly({ success, failure }: TxnRequest): boolean {
  return [...success, ...failure].every(({ request }) => request?.$case === "requestRange");
}

/** Whether it compares, reads or deletes ranges, in either branch. */
export function hasRanges({ compare, success, failure }: TxnRequest): boolean {
  const isRange = (rangeEnd: Uint8Array) => rangeEnd.length > 0;
  if (compare.some(({ rangeEnd }) => isRange(rangeEnd))) return true;
  return [...success, ...failure].some(({ request }) => {
    switch (request?.$case) {
      case "requestRange":
      case "requestDeleteRange":
        return isRange(request.value.rangeEnd);
      case "requestTxn":
        return hasRanges(request.value);
      default:
        return false;
    }
  });
}

/** Of all lists; it stops counting beyond `most`. */
function countUpTo(most: number, { compare, success, failure }: TxnRequest): number {
  let count = compare.length + success.length + failure.length;
  for (const list of [success, failure]) {
    for (const { request } of list) {
      if (count > most) return count;
      if (request?.$case === "requestTxn") count += countUpTo(most - count, request.value);
    }
  }
  return count;
}

function checkOperations({ compare, success, failure }: TxnRequest, most: number): KeyError | null {
  const count = Math.max(compare.length, success.length, failure.length);
  if (count > most) return "too-many-operations";
  if (compare.some(({ key }) => key.length === 0)) return "empty-key";
  for (const operation of [...success, ...failure]) {
    const wrong = checkOperation(operation, most - count);
    if (wrong !== null) return wrong;
  }
  return null;
}

function checkOperation({ request }: RequestOp, most: number): KeyError | null {
  switch (request?.$case) {
    case "requestRange":
    case "requestDeleteRange":
      return checkRange(request.value);
    case "requestPut":
      return checkPut(request.value);
    case "requestTxn":
      return checkOperations(request.value, most);
    case undefined:
      return "key-not-found";
  }
}

interface Changes {
  readonly puts: Set<string>;
  readonly deletes: Intervals;
}

/**
 * What the operations put and delete; null if that could be the same key twice. The two branches of a nested
 * transaction may put the same key: only one of them runs.
 */
function changesOf(operations: readonly RequestOp[]): Changes | null {
  const deletes = new Intervals();
  const puts = new Set<string>();
  for (const { request } of operations) {
    if (request?.$case === "requestDeleteRange") deletes.add(request.value);
  }
  for (const { request } of operations) {
    if (request?.$case !== "requestTxn") continue;
    const success = changesOf(request.value.success);
    const failure = changesOf(request.value.failure);
    if (success === null || failure === null) return null;
    if ([...success.puts].some((key) => puts.has(key) || deletes.has(key))) return null;
    if ([...failure.puts].some((key) => puts.has(key) || deletes.has(key))) return null;
    for (const key of [...success.puts, ...failure.puts]) puts.add(key);
    deletes.addAll(success.deletes);
    deletes.addAll(failure.deletes);
  }
  for (const { request } of operations) {
    if (request?.$case !== "requestPut") continue;
    const key = textOf(request.value.key);
    if (puts.has(key) || deletes.has(key)) return null;
    puts.add(key);
  }
  return { puts, deletes };
}

interface Interval {
  readonly from: string;
  readonly to: string;
}

/**
 * Intervals of keys, as etcd compares them. The end "\0" is no infinity to etcd here, so such a deletion overlaps
 * no put.
 */
class Intervals {
  readonly #all: Interval[] = [];
  /** Of each interval and those before it, the largest end. Made when it is needed. */
  #ends: string[] | null = null;

  add({ key, rangeEnd }: DeleteRangeRequest): void {
    const from = textOf(key);
    this.#all.push({ from, to: rangeEnd.length === 0 ? `${from}\0` : textOf(rangeEnd) });
    this.#ends = null;
  }

  addAll(others: Intervals): void {
    for (const interval of others.#all) this.#all.push(interval);
    this.#ends = null;
  }

  has(key: string): boolean {
    this.#ends ??= this.#sort();
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#all[middle] as Interval).from <= key) low = middle + 1;
      else high = middle;
    }
    return low > 0 && key < (this.#ends[low - 1] as string);
  }

  #sort(): string[] {
    this.#all.sort((left, right) => (left.from < right.from ? -1 : left.from > right.from ? 1 : 0));
    const ends: string[] = [];
    for (const { to } of this.#all) {
      const last = ends.at(-1);
      ends.push(last !== undefined && last > to ? last : to);
    }
    return ends;
  }
}
