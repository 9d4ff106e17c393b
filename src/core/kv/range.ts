// Answers a Range request: which keys, at which revision, filtered, sorted and cut, in etcd's order of steps (its
// `etcdserver/apply.go`, v3.5.33). `count` is that of all keys in the range, before filters and the limit.

import { drained, type Slicing } from "../fleet/slices.ts";
import type { RangeRequest, RangeResponse, ResponseHeader } from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import { checkRange } from "./check-request.ts";
import type { Best, Ranking } from "./history.ts";
import { compareBytes, type KeyRange, rangeOf } from "./key-bytes.ts";
import { type KeyError, type Refused, refused } from "./key-error.ts";
import { type Kept, ReadBudget } from "./read-budget.ts";
import { SLICE_ROWS, sortInSlices } from "./sort-in-slices.ts";

/** What a range reads. */
export interface Readable {
  at(key: Uint8Array, revision: number): KeyValue | null;
  /** A budget is charged for what is looked at and does not exist, and ends it. */
  in(range: KeyRange, revision: number, budget?: ReadBudget): Iterable<KeyValue>;
  collect(range: KeyRange, revision: number, keepsMax: number): { kvs: KeyValue[]; count: number };
  best(range: KeyRange, revision: number, ranking: Ranking): Best;
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
/** Of the targets that are numbers. */
const NUMBERS: ReadonlyMap<number, Ranking["number"]> = new Map([
  [TARGET.version, "version"],
  [TARGET.create, "createRevision"],
  [TARGET.mod, "modRevision"],
]);

/** Services add the ids of the cluster and the member, and the term. */
export function headerAt(revision: number): ResponseHeader {
  return { clusterId: "0", memberId: "0", revision, raftTerm: 0 };
}

/** Whether a read at this revision can be answered. Zero and less mean the current one. */
export function checkRevision(revision: number, { current, compacted }: Revisions): KeyError | null {
  if (revision > current) return "future-revision";
  return (revision <= 0 ? current : revision) < compacted ? "compacted" : null;
}

/** Why a range can't be read, or its answer. All is read in the first slice; more are for sorting many keys. */
export function* readRange(
  history: Readable,
  revisions: Revisions,
  request: RangeRequest,
): Slicing<{ readonly ok: true; readonly response: RangeResponse } | Refused> {
  const wrong = checkRange(request) ?? checkRevision(request.revision, revisions);
  if (wrong !== null) return refused(wrong);
  // One key always fits.
  if (request.rangeEnd.length > 0 && measured(history, revisions, request).isOver)
    return refused("answer-too-large");
  return { ok: true, response: yield* answerInSlices(history, request, revisions.current, true) };
}

/** Whether `readRange` needs more slices than one. */
export function sortsMany(history: Readable, revisions: Revisions, request: RangeRequest): boolean {
  if (request.countOnly || request.rangeEnd.length === 0 || isUnsorted(request)) return false;
  if (request.limit === 1 && rankingOf(request) !== null) return false;
  return measured(history, revisions, request).visited > SLICE_ROWS;
}

function measured(history: Readable, { current }: Revisions, request: RangeRequest): ReadBudget {
  const budget = ReadBudget.ofRange();
  const revision = request.revision <= 0 ? current : request.revision;
  measureKeys(history, request, revision, keptOf(request), budget);
  return budget;
}

/** `request.revision` has been checked. */
export const answerRange = (history: Readable, request: RangeRequest, current: number): RangeResponse =>
  drained(answerInSlices(history, request, current, false));

/** Sorting in slices takes twice the time: where nothing else can run between them, it is done at once. */
function* answerInSlices(
  history: Readable,
  request: RangeRequest,
  current: number,
  hasSlices: boolean,
): Slicing<RangeResponse> {
  const revision = request.revision <= 0 ? current : request.revision;
  const limit = Math.max(0, request.limit);
  const range = rangeOf(request.key, request.rangeEnd);
  const ranking = limit === 1 ? rankingOf(request) : null;
  if (range !== null && ranking !== null)
    return answerBest(history.best(range, revision, ranking), request, current);
  const { kvs: found, count } = collect(history, request, revision, keptOf(request).keysMax);
  const passing = isFiltered(request) ? found.filter((kv) => passes(kv, request)) : found;
  const sorted = yield* sort(passing, request, hasSlices);
  const more = limit > 0 && sorted.length > limit;
  const kvs = more ? sorted.slice(0, limit) : sorted;
  return { header: headerAt(current), kvs: shown(kvs, request), more, count };
}

/** A key of all, such as the first one of a queue of thousands: nothing is sorted. */
function answerBest({ kv, count, passing }: Best, request: RangeRequest, current: number): RangeResponse {
  const kvs = kv === null ? [] : [kv];
  return { header: headerAt(current), kvs: shown(kvs, request), more: passing > 1, count };
}

const shown = (kvs: KeyValue[], { keysOnly }: RangeRequest): KeyValue[] =>
  keysOnly ? kvs.map((kv) => ({ ...kv, value: NONE })) : kvs;

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
  return {
    keysOnly,
    areDeleted: false,
    keysMax: countOnly ? 0 : needsAll ? Number.POSITIVE_INFINITY : limit + 1,
  };
}

function collect(history: Readable, { key, rangeEnd }: RangeRequest, revision: number, keepsMax: number) {
  const range = rangeOf(key, rangeEnd);
  if (range !== null) return history.collect(range, revision, keepsMax);
  const kv = history.at(key, revision);
  if (kv === null) return { kvs: [], count: 0 };
  return { kvs: keepsMax > 0 ? [kv] : [], count: 1 };
}

/** Null: the order is that of keys or values, or none is asked for. */
function rankingOf(request: RangeRequest): Ranking | null {
  const { sortTarget, sortOrder } = request;
  const number = NUMBERS.get(sortTarget);
  // Without an order and a filter only the first keys are sorted, as in etcd.
  if (number === undefined || keptOf(request).keysMax !== Number.POSITIVE_INFINITY) return null;
  const passesAll = !isFiltered(request);
  const passes = (modRevision: number, createRevision: number) =>
    passesAll || isWithin(modRevision, createRevision, request);
  return { number, sign: sortOrder === SORT.descend ? -1 : 1, passes };
}

function isFiltered(request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  return minModRevision !== 0 || maxModRevision !== 0 || minCreateRevision !== 0 || maxCreateRevision !== 0;
}

const passes = ({ modRevision, createRevision }: KeyValue, request: RangeRequest): boolean =>
  isWithin(modRevision, createRevision, request);

function isWithin(modRevision: number, createRevision: number, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  if (maxModRevision !== 0 && modRevision > maxModRevision) return false;
  if (minModRevision !== 0 && modRevision < minModRevision) return false;
  if (maxCreateRevision !== 0 && createRevision > maxCreateRevision) return false;
  return minCreateRevision === 0 || createRevision >= minCreateRevision;
}

/** Other targets than the key are sorted even if no order is given. They come in the order of keys. */
function* sort(kvs: KeyValue[], request: RangeRequest, hasSlices: boolean): Slicing<KeyValue[]> {
  const byTarget = isUnsorted(request) ? null : comparison(request.sortTarget);
  if (byTarget === null) return kvs;
  const sign = request.sortOrder === SORT.descend ? -1 : 1;
  const compare = (left: KeyValue, right: KeyValue) => sign * byTarget(left, right);
  return hasSlices ? yield* sortInSlices(kvs, compare) : kvs.sort(compare);
}

const isUnsorted = ({ sortOrder, sortTarget }: RangeRequest): boolean =>
  sortOrder === SORT.none && sortTarget === TARGET.key;

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
