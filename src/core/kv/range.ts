// Answers a Range request: which keys, at which revision, filtered, sorted and cut, in etcd's order of steps (its
// `etcdserver/apply.go`, v3.5.33). `count` is that of all keys in the range, before filters and the limit.

import type { RangeRequest, RangeResponse, ResponseHeader } from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import { compareBytes, type KeyRange, rangeOf } from "./key-bytes.ts";
import type { KeyError } from "./key-error.ts";
import type { Kept, ReadBudget } from "./read-budget.ts";

/** What a range reads. */
export interface Readable {
  at(key: Uint8Array, revision: number): KeyValue | null;
  /** A budget is charged for what is looked at and does not exist, and ends it. */
  in(range: KeyRange, revision: number, budget?: ReadBudget): Iterable<KeyValue>;
  collect(range: KeyRange, revision: number, keepsMax: number): { kvs: KeyValue[]; count: number };
  /** Charges what `collect` would look at and keep. */
  measure(range: KeyRange, revision: number, kept: Kept, budget: ReadBudget): void;
}

export interface Revisions {
  readonly current: number;
  /** -1 = never compacted. */
  readonly compacted: number;
}

const NONE = new Uint8Array();
// The enumerations' values in etcd's proto. Its generated file holds services too, so only its types are imported.
const SORT = { none: 0, ascend: 1, descend: 2 } as const;
const TARGET = { key: 0, version: 1, create: 2, mod: 3, value: 4 } as const;

/** Services add the ids of the cluster and the member, and the term. */
export function headerAt(revision: number): ResponseHeader {
  return { clusterId: "0", memberId: "0", revision, raftTerm: 0 };
}

/** Whether a read at this revision can be answered. Zero and less mean the current one. */
export function checkRevision(revision: number, { current, compacted }: Revisions): KeyError | null {
  if (revision > current) return "future-revision";
  return (revision <= 0 ? current : revision) < compacted ? "compacted" : null;
}

/** `request.revision` has been checked. */
export function answerRange(history: Readable, request: RangeRequest, current: number): RangeResponse {
  const revision = request.revision <= 0 ? current : request.revision;
  const limit = Math.max(0, request.limit);
  const { kvs: found, count } = collect(history, request, revision, keptOf(request).keysMax);
  const sorted = sort(isFiltered(request) ? found.filter((kv) => passes(kv, request)) : found, request);
  const more = limit > 0 && sorted.length > limit;
  const kvs = more ? sorted.slice(0, limit) : sorted;
  return {
    header: headerAt(current),
    kvs: request.keysOnly ? kvs.map((kv) => ({ ...kv, value: NONE })) : kvs,
    more,
    count,
  };
}

/** Charges what reading these keys would cost. */
export function measureKeys(
  history: Readable,
  { key, rangeEnd }: Pick<RangeRequest, "key" | "rangeEnd">,
  revision: number,
  kept: Kept,
  budget: ReadBudget,
): void {
  const range = rangeOf(key, rangeEnd);
  if (range !== null) {
    history.measure(range, revision, kept, budget);
    return;
  }
  budget.visit();
  const kv = kept.keysMax > 0 ? history.at(key, revision) : null;
  if (kv !== null) budget.keep(kv.key.length + (kept.keysOnly ? 0 : kv.value.length));
}

/** What a request takes out of the history. */
export function keptOf(request: RangeRequest): Kept {
  const { keysOnly, countOnly, limit } = request;
  const needsAll = isFiltered(request) || request.sortOrder !== SORT.none || limit <= 0;
  return { keysOnly, keysMax: countOnly ? 0 : needsAll ? Number.POSITIVE_INFINITY : limit + 1 };
}

function collect(history: Readable, { key, rangeEnd }: RangeRequest, revision: number, keepsMax: number) {
  const range = rangeOf(key, rangeEnd);
  if (range !== null) return history.collect(range, revision, keepsMax);
  const kv = history.at(key, revision);
  if (kv === null) return { kvs: [], count: 0 };
  return { kvs: keepsMax > 0 ? [kv] : [], count: 1 };
}

function isFiltered(request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return minModRevision !== 0 || maxModRevision !== 0 || minCreateRevision !== 0 || maxCreateRevision !== 0;
}

function passes(kv: KeyValue, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  if (maxModRevision !== 0 && kv.modRevision > maxModRevision) return false;
  if (minModRevision !== 0 && kv.modRevision < minModRevision) return false;
  if (maxCreateRevision !== 0 && kv.createRevision > maxCreateRevision) return false;
  return minCreateRevision === 0 || kv.createRevision >= minCreateRevision;
}

/** Other targets than the key are sorted even if no order is given. They come in the order of keys. */
function sort(kvs: KeyValue[], { sortOrder, sortTarget }: RangeRequest): KeyValue[] {
  if (sortOrder === SORT.none && sortTarget === TARGET.key) return kvs;
  const compare = comparison(sortTarget);
  if (compare === null) return kvs;
  const sign = sortOrder === SORT.descend ? -1 : 1;
  return kvs.sort((left, right) => sign * compare(left, right));
}

function comparison(target: number): ((left: KeyValue, right: KeyValue) => number) | null {
  switch (target) {
    case TARGET.key:
      return (left, right) => compareBytes(left.key, right.key);
    case TARGET.version:
      return (left, right) => left.version - right.version;
    case TARGET.create:
      return (left, right) => left.createRevision - right.createRevision;
    case TARGET.mod:
      return (left, right) => left.modRevision - right.modRevision;
    case TARGET.value:
      return (left, right) => compareBytes(left.value, right.value);
    default:
      return null;
  }
}
