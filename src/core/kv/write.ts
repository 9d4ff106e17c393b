// One write to the key space: all its changes have the same revision, which it takes when it makes the first one. What
// must stay true: whatever can be refused is refused before the first change.

import type { Lanes } from "../fleet/tables/row-hash.ts";
import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
} from "../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event, KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import type { History } from "./history.ts";
import { rangeOf, textOf } from "./key-bytes.ts";
import { type Leases, NO_LEASE } from "./leases.ts";
import { answerRange, headerAt } from "./range.ts";

const NONE = new Uint8Array();
const EVENT = { put: 0, delete: 1 } as const;

export class Write {
  readonly #history: History;
  readonly #leases: Leases;
  readonly #begun: number;
  readonly events: Event[] = [];
  /** Of the versions behind the events. */
  readonly hashes: Lanes[] = [];

  /** `revision`: the current one, before this write. */
  constructor(history: History, leases: Leases, revision: number) {
    this.#history = history;
    this.#leases = leases;
    this.#begun = revision;
  }

  /** The revision that reads of this write see: its own from the first change on. */
  get revision(): number {
    return this.#begun + (this.events.length > 0 ? 1 : 0);
  }

  range(request: RangeRequest): RangeResponse {
    return answerRange(this.#history, request, this.revision);
  }

  /** The request has been checked: a lease that it names exists, and a key whose value or lease it keeps. */
  put({ key, value, lease, prevKv, ignoreValue, ignoreLease }: PutRequest): PutResponse {
    const before = this.#history.at(key, this.revision);
    const modRevision = this.#begun + 1;
    const kv: KeyValue = {
      key,
      createRevision: before?.createRevision ?? modRevision,
      modRevision,
      version: (before?.version ?? 0) + 1,
      value: ignoreValue ? (before?.value ?? NONE) : value,
      lease: ignoreLease ? (before?.lease ?? NO_LEASE) : lease,
    };
    this.hashes.push(this.#history.append(kv, this.events.length));
    this.events.push({ type: EVENT.put, kv, prevKv: undefined });
    this.#moveLease(key, before?.lease ?? NO_LEASE, kv.lease);
    return { header: headerAt(modRevision), prevKv: prevKv ? (before ?? undefined) : undefined };
  }

  deleteRange({ key, rangeEnd, prevKv }: DeleteRangeRequest): DeleteRangeResponse {
    const range = rangeOf(key, rangeEnd);
    const { revision } = this;
    const single = range === null ? this.#history.at(key, revision) : null;
    // A list, because deleting changes what is being read.
    const found = range === null ? (single === null ? [] : [single]) : [...this.#history.in(range, revision)];
    for (const kv of found) this.#delete(kv);
    return { header: headerAt(this.revision), deleted: found.length, prevKvs: prevKv ? found : [] };
  }

  #delete({ key, lease }: KeyValue): void {
    const modRevision = this.#begun + 1;
    const kv = { key, createRevision: 0, modRevision, version: 0, value: NONE, lease: NO_LEASE };
    this.hashes.push(this.#history.append(kv, this.events.length));
    this.events.push({ type: EVENT.delete, kv, prevKv: undefined });
    this.#moveLease(key, lease, NO_LEASE);
  }

  #moveLease(key: Uint8Array, from: string, to: string): void {
    if (from === to) return;
    const text = textOf(key);
    if (from !== NO_LEASE) this.#leases.detach(from, text);
    if (to !== NO_LEASE) this.#leases.attach(to, text, this.#begun + 1);
  }
}
