// What etcd promises, written for clarity: the whole key space is copied for each revision, and nothing is fast. Keys and
// values are texts with one character a byte. Answers have the form of etcd's messages, with texts for bytes.

import type { KeyOperationKind } from "../../../src/core/kv/command-codec.ts";
import type {
  Compare,
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { text } from "./operations.ts";

interface ModelKv {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: string;
}

export interface ModelEvent {
  readonly type: number;
  readonly kv: ModelKv;
}

type Keys = ReadonlyMap<string, ModelKv>;
/** An error's code, or a response. */
type Answer = string | object;

const header = (revision: number) => ({ clusterId: "0", memberId: "0", revision, raftTerm: 0 });

export class Model {
  /** The keys at the end of each revision. */
  readonly #states = new Map<number, Keys>([[1, new Map()]]);
  readonly leases = new Map<string, { ttlSeconds: number }>();
  readonly events: ModelEvent[] = [];
  current = 1;
  compacted = -1;

  apply(kind: KeyOperationKind): Answer {
    switch (kind.$case) {
      case "put":
        return this.#put(kind.value);
      case "deleteRange":
        return this.#deleteRange(kind.value);
      case "txn":
        return this.#txn(kind.value);
      case "compaction":
        return this.#compact(kind.value.revision);
      case "leaseGrant":
        return this.#grant(kind.value.ID, kind.value.TTL);
      case "leaseRevoke":
        return this.#revoke(kind.value.ID);
      default:
        throw new Error(`the model has no ${kind.$case}`);
    }
  }

  range(request: RangeRequest): Answer {
    if (request.key.length === 0) return "empty-key";
    const wrong = this.#unreadable(request.revision);
    return wrong ?? new Draft(this, this.#now()).range(request);
  }

  /** At a revision that can be read. */
  at(revision: number): Keys {
    const state = this.#states.get(revision);
    if (state === undefined) throw new Error(`no revision ${revision}`);
    return state;
  }

  keysOf(lease: string): string[] {
    return [...this.#now().values()]
      .filter((kv) => kv.lease === lease)
      .map(({ key }) => key)
      .sort();
  }

  #now(): Keys {
    return this.at(this.current);
  }

  #unreadable(revision: number): string | null {
    if (revision > this.current) return "future-revision";
    return (revision <= 0 ? this.current : revision) < this.compacted ? "compacted" : null;
  }

  #commit(draft: Draft): void {
    if (draft.events.length === 0) return;
    this.current += 1;
    this.#states.set(this.current, draft.keys);
    this.events.push(...draft.events);
  }

  #put(request: PutRequest): Answer {
    const wrong = putIsWrong(request);
    if (wrong !== null) return wrong;
    if (request.lease !== "0" && !this.leases.has(request.lease)) return "lease-not-found";
    const draft = new Draft(this, this.#now());
    if (!draft.canKeep(request)) return "key-not-found";
    const response = draft.put(request);
    this.#commit(draft);
    return response;
  }

  #deleteRange(request: DeleteRangeRequest): Answer {
    if (request.key.length === 0) return "empty-key";
    const draft = new Draft(this, this.#now());
    const response = draft.deleteRange(request);
    this.#commit(draft);
    return response;
  }

  #txn(request: TxnRequest): Answer {
    const wrong = txnIsWrong(request);
    if (wrong !== null) return wrong;
    const before = new Draft(this, this.#now());
    const chosen = decide(before, request);
    const operations = flatten(chosen);
    for (const { request: put } of operations) {
      if (put?.$case !== "requestPut") continue;
      if (!before.canKeep(put.value)) return "key-not-found";
      if (put.value.lease !== "0" && !this.leases.has(put.value.lease)) return "lease-not-found";
    }
    for (const { request: range } of operations) {
      if (range?.$case !== "requestRange" || range.value.revision === 0) continue;
      if (range.value.revision < this.compacted) return "compacted";
      const unreadable = this.#unreadable(range.value.revision);
      if (unreadable !== null) return unreadable;
    }
    const draft = new Draft(this, this.#now());
    const response = run(draft, chosen);
    this.#commit(draft);
    return { ...response, header: header(this.current) };
  }

  #compact(revision: number): Answer {
    if (revision <= this.compacted) return "compacted";
    if (revision > this.current) return "future-revision";
    this.compacted = revision;
    return { header: header(this.current) };
  }

  #grant(ID: string, TTL: number): Answer {
    if (ID === "0") return "lease-not-found";
    if (this.leases.has(ID)) return "lease-exists";
    const ttlSeconds = Math.max(2, TTL);
    this.leases.set(ID, { ttlSeconds });
    return { header: header(this.current), ID, TTL: ttlSeconds, error: "" };
  }

  #revoke(ID: string): Answer {
    if (!this.leases.has(ID)) return "lease-not-found";
    const draft = new Draft(this, this.#now());
    for (const key of this.keysOf(ID)) draft.delete(key);
    this.#commit(draft);
    this.leases.delete(ID);
    return { header: header(this.current) };
  }
}

/** The keys in the course of a write. */
class Draft {
  readonly #model: Model;
  readonly #revision: number;
  readonly keys: Map<string, ModelKv>;
  readonly events: ModelEvent[] = [];

  constructor(model: Model, keys: Keys) {
    this.#model = model;
    this.#revision = model.current + 1;
    this.keys = new Map(keys);
  }

  #seen(): number {
    return this.events.length > 0 ? this.#revision : this.#revision - 1;
  }

  canKeep({ key, ignoreValue, ignoreLease }: PutRequest): boolean {
    return !(ignoreValue || ignoreLease) || this.keys.has(text(key));
  }

  in(key: Uint8Array, rangeEnd: Uint8Array, keys: Keys = this.keys): ModelKv[] {
    const from = text(key);
    const to = text(rangeEnd);
    const isIn = (each: string) => (to === "" ? each === from : each >= from && (to === "\0" || each < to));
    const found = [...keys.values()].filter((kv) => isIn(kv.key));
    return found.sort((left, right) => order(left.key, right.key));
  }

  put(request: PutRequest): object {
    const key = text(request.key);
    const before = this.keys.get(key);
    const kv = {
      key,
      value: request.ignoreValue ? (before?.value ?? "") : text(request.value),
      createRevision: before?.createRevision ?? this.#revision,
      modRevision: this.#revision,
      version: (before?.version ?? 0) + 1,
      lease: request.ignoreLease ? (before?.lease ?? "0") : request.lease,
    };
    this.keys.set(key, kv);
    this.events.push({ type: 0, kv });
    return { header: header(this.#revision), prevKv: request.prevKv ? before : undefined };
  }

  delete(key: string): void {
    this.keys.delete(key);
    const kv = { key, value: "", createRevision: 0, modRevision: this.#revision, version: 0, lease: "0" };
    this.events.push({ type: 1, kv });
  }

  deleteRange({ key, rangeEnd, prevKv }: DeleteRangeRequest): object {
    const found = this.in(key, rangeEnd);
    for (const kv of found) this.delete(kv.key);
    return { header: header(this.#seen()), deleted: found.length, prevKvs: prevKv ? found : [] };
  }

  range(request: RangeRequest): object {
    const { revision, limit, sortOrder, sortTarget, keysOnly, countOnly } = request;
    const keys = revision <= 0 ? this.keys : this.#model.at(revision);
    const found = this.in(request.key, request.rangeEnd, keys);
    const within = (value: number, min: number, max: number) =>
      (min === 0 || value >= min) && (max === 0 || value <= max);
    const passed = found.filter(
      (kv) =>
        within(kv.modRevision, request.minModRevision, request.maxModRevision) &&
        within(kv.createRevision, request.minCreateRevision, request.maxCreateRevision),
    );
    const targets = ["key", "version", "createRevision", "modRevision", "value"] as const;
    const target = targets.find((_, at) => at === sortTarget) ?? "key";
    const sign = sortOrder === 2 ? -1 : 1;
    // A limit without an order or filters cuts before another target than the key sorts, in etcd too.
    const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
    const isFiltered = minModRevision + maxModRevision + minCreateRevision + maxCreateRevision > 0;
    const cutsFirst = sortOrder === 0 && !isFiltered && limit > 0;
    const sorted = (cutsFirst ? passed.slice(0, limit + 1) : passed).sort(
      (left, right) => sign * order(left[target], right[target]),
    );
    const kvs = countOnly ? [] : limit > 0 ? sorted.slice(0, limit) : sorted;
    return {
      header: header(this.#seen()),
      kvs: keysOnly ? kvs.map((kv) => ({ ...kv, value: "" })) : kvs,
      more: !countOnly && limit > 0 && sorted.length > limit,
      count: found.length,
    };
  }
}

function order(left: string | number, right: string | number): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A transaction with the decisions of its comparisons. */
interface Decided {
  readonly succeeded: boolean;
  readonly operations: readonly (RequestOp | Decided)[];
}

function decide(keys: Draft, { compare, success, failure }: TxnRequest): Decided {
  const succeeded = compare.every((each) => isTrue(keys, each));
  const operations = (succeeded ? success : failure).map((operation) =>
    operation.request?.$case === "requestTxn" ? decide(keys, operation.request.value) : operation,
  );
  return { succeeded, operations };
}

function flatten({ operations }: Decided): RequestOp[] {
  return operations.flatMap((each) => ("succeeded" in each ? flatten(each) : [each]));
}

function run(draft: Draft, { succeeded, operations }: Decided): object {
  const responses = operations.map((each) => {
    if ("succeeded" in each) return { response: { $case: "responseTxn", value: run(draft, each) } };
    const { request } = each;
    switch (request?.$case) {
      case "requestRange":
        return { response: { $case: "responseRange", value: draft.range(request.value) } };
      case "requestPut":
        return { response: { $case: "responsePut", value: draft.put(request.value) } };
      case "requestDeleteRange":
        return { response: { $case: "responseDeleteRange", value: draft.deleteRange(request.value) } };
      default:
        throw new Error("a transaction with an empty operation was refused");
    }
  });
  return { header: header(0), succeeded, responses };
}

function isTrue(keys: Draft, { key, rangeEnd, target, result, targetUnion }: Compare): boolean {
  const fields = ["version", "createRevision", "modRevision", "value", "lease"] as const;
  const field = fields.find((_, at) => at === target) ?? "version";
  const given = targetUnion?.$case === field ? targetUnion.value : 0;
  const found: Pick<ModelKv, (typeof fields)[number]>[] = keys.in(key, rangeEnd);
  if (found.length === 0) {
    if (field === "value") return false;
    found.push({ version: 0, createRevision: 0, modRevision: 0, value: "", lease: "0" });
  }
  return found.every((kv) => {
    const isText = field === "value";
    const left = isText ? kv.value : Number(kv[field]);
    const right = isText ? text(given instanceof Uint8Array ? given : new Uint8Array()) : Number(given);
    const compared = order(left, right);
    return [compared === 0, compared > 0, compared < 0, compared !== 0][result] ?? true;
  });
}

function putIsWrong({ key, value, lease, ignoreValue, ignoreLease }: PutRequest): string | null {
  if (key.length === 0) return "empty-key";
  if (ignoreValue && value.length > 0) return "value-provided";
  return ignoreLease && lease !== "0" ? "lease-provided" : null;
}

function txnIsWrong(txn: TxnRequest): string | null {
  const wrong = operationsAreWrong(txn);
  if (wrong !== null) return wrong;
  return changed(txn.success) === null || changed(txn.failure) === null ? "duplicate-key" : null;
}

function operationsAreWrong({ compare, success, failure }: TxnRequest): string | null {
  if (compare.some(({ key }) => key.length === 0)) return "empty-key";
  for (const { request } of [...success, ...failure]) {
    if (request === undefined) return "key-not-found";
    const wrong =
      request.$case === "requestTxn"
        ? operationsAreWrong(request.value)
        : request.$case === "requestPut"
          ? putIsWrong(request.value)
          : request.value.key.length === 0
            ? "empty-key"
            : null;
    if (wrong !== null) return wrong;
  }
  return null;
}

type Deletion = readonly [string, string];

/** The keys that may be put and the ranges that may be deleted; null if one key may be changed twice. */
function changed(operations: readonly RequestOp[]): { puts: string[]; deletions: Deletion[] } | null {
  const puts: string[] = [];
  const deletions: Deletion[] = [];
  // To etcd "\0" is an end like others here.
  const isDeleted = (key: string) => deletions.some(([from, to]) => key >= from && key < to);
  for (const { request } of operations) {
    if (request?.$case !== "requestDeleteRange") continue;
    const from = text(request.value.key);
    deletions.push([from, request.value.rangeEnd.length === 0 ? `${from}\0` : text(request.value.rangeEnd)]);
  }
  for (const { request } of operations) {
    if (request?.$case !== "requestTxn") continue;
    const branches = [changed(request.value.success), changed(request.value.failure)];
    if (branches.some((branch) => branch?.puts.some((key) => puts.includes(key) || isDeleted(key)) ?? true)) {
      return null;
    }
    puts.push(...branches.flatMap((branch) => branch?.puts ?? []));
    deletions.push(...branches.flatMap((branch) => branch?.deletions ?? []));
  }
  for (const { request } of operations) {
    if (request?.$case !== "requestPut") continue;
    const key = text(request.value.key);
    if (puts.includes(key) || isDeleted(key)) return null;
    puts.push(key);
  }
  return { puts, deletions };
}
