// A fleet's log in etcd, from outside: read whole, sealed, or begun with a state (ADR-0060). What must stay true: each change
// compares `head` in the same transaction, so that of a coordinator and this one wins.

import { createHash } from "node:crypto";
import { OperatorError } from "../../core/base/errors.ts";
import { logIndex, type Term, term } from "../../core/base/ids.ts";
import { LogKeys } from "../../core/etcd-log/log-keys.ts";
import {
  damaged,
  headOf,
  readBatch,
  readJoined,
  readSnapshot,
  snapshotValue,
  viewOf,
} from "../../core/etcd-log/records.ts";
import { type Batch, type Head, lastOf, type StoredKey } from "../../core/etcd-log/vocabulary.ts";
import { apply } from "../../core/fleet/apply.ts";
import { decodeCommand } from "../../core/fleet/command-codec.ts";
import { FleetState } from "../../core/fleet/state.ts";
import { Compare_CompareResult, Compare_CompareTarget } from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { EtcdClient } from "../etcd/etcd-client.ts";
import { range, txn } from "../etcd/store-calls.ts";
import type { EngineMove } from "../files/engine-move.ts";
import { type Content, contentOf, stateFrom } from "./content.ts";
import * as refuse from "./refusals.ts";

const CHUNK_BYTES = 512 * 1024;
const PAGE_KEYS = 16;
/** A batch of commands, with what its request has besides (reign.ts). */
const LARGEST_BYTES = 1_200_000;
const FIRST_INDEX = 1;

const bytesOf = (key: string): Uint8Array => new TextEncoder().encode(key);
const textOf = (key: Uint8Array): string => new TextDecoder().decode(key);
/** No coordinator has it: one that starts on this log, or appends to it, is refused. */
const sealedId = (clusterId: string): string => `${clusterId} (moved to embedded Raft)`;

export type Owner = "none" | "own" | "sealed" | "foreign";

export class EtcdLogCopy {
  readonly #client: EtcdClient;
  readonly #keys: LogKeys;
  readonly #clusterId: string;

  constructor(client: EtcdClient, prefix: string, clusterId: string) {
    this.#client = client;
    this.#keys = new LogKeys(prefix);
    this.#clusterId = clusterId;
  }

  /** Whose log is there. */
  async owner(): Promise<{ readonly owner: Owner; readonly head: Head | null }> {
    const { head: from, viewEnd: end } = this.#keys;
    const answer = await range(this.#client, { key: bytesOf(from), rangeEnd: bytesOf(end) });
    const { head } = viewOf(this.#keys, answer.header?.revision ?? 0, answer.kvs.map(storedKey));
    if (head === null) return { owner: "none", head };
    if (head.clusterId === this.#clusterId) return { owner: "own", head };
    return { owner: head.clusterId === sealedId(this.#clusterId) ? "sealed" : "foreign", head };
  }

  /** Throws ETCD_UNFIT if etcd does not take values as large as coordinators write. It stores nothing. */
  async requireRoom(): Promise<void> {
    const key = bytesOf(this.#keys.head);
    const [result, target] = [Compare_CompareResult.GREATER, Compare_CompareTarget.CREATE];
    const never = { $case: "createRevision" as const, value: Number.MAX_SAFE_INTEGER };
    const put = { key, value: new Uint8Array(LARGEST_BYTES) };
    try {
      await txn(
        this.#client,
        {
          compare: [{ key, result, target, targetUnion: never }],
          success: [{ request: { $case: "requestPut", value: put } }],
        },
        "write",
      );
    } catch (error) {
      if (!(error instanceof OperatorError) || error.code === "UNAVAILABLE") throw error;
      throw refuse.unfit(error);
    }
  }

  /** From now on nothing is appended. Does nothing if it is sealed. */
  async seal(): Promise<void> {
    const { owner, head } = await this.owner();
    if (owner === "sealed") return;
    if (owner !== "own" || head === null) throw refuse.prefixTaken(this.#keys.head, owner);
    await this.#replaceHead(head, headOf(sealedId(this.#clusterId), head.index, head.term));
  }

  /** The log continues where it was sealed. */
  async unseal(): Promise<void> {
    const { owner, head } = await this.owner();
    if (owner === "own") return;
    if (owner !== "sealed" || head === null) throw refuse.prefixTaken(this.#keys.head, owner);
    await this.#replaceHead(head, headOf(this.#clusterId, head.index, head.term));
  }

  /** The state at the log's end. */
  async read(): Promise<Content> {
    const { owner, head } = await this.owner();
    if (head === null || owner === "none" || owner === "foreign") {
      throw refuse.prefixTaken(this.#keys.head, owner);
    }
    const state = await this.#snapshot();
    while (state.appliedIndex < head.index) {
      const batches = await this.#batches(state.appliedIndex + 1);
      const before = state.appliedIndex;
      for (const batch of batches) if (lastOf(batch) <= head.index) applyTo(state, batch);
      if (state.appliedIndex === before) throw damaged(this.#keys.batch(before + 1));
    }
    return contentOf(state, head.term);
  }

  /** Begins the log with this state. Does nothing if it begins with it already. */
  async begin(content: Content): Promise<void> {
    const { owner, head } = await this.owner();
    const next = headOf(this.#clusterId, content.index, content.term);
    if (owner === "own" && head !== null && Buffer.compare(head.raw, next.raw) === 0) return;
    if (owner === "own" || owner === "foreign") throw refuse.prefixTaken(this.#keys.head, owner);
    const chunks = Math.ceil(content.bytes.length / CHUNK_BYTES);
    for (let number = 0; number < chunks; number += 1) {
      const value = content.bytes.subarray(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES);
      await this.#putIf(head, [{ key: this.#keys.chunk(content.index, content.term, number), value }]);
    }
    const record = {
      ...{ lastIndex: content.index, term: content.term, chunks, bytes: content.bytes.length },
      sha256: createHash("sha256").update(content.bytes).digest(),
    };
    await this.#putIf(head, [
      { key: this.#keys.snapshot, value: snapshotValue(record) },
      { key: this.#keys.head, value: next.raw },
    ]);
  }

  /**
   * Deletes this fleet's log, if there is one. Throws ETCD_LOG_CHANGED unless it ends where `begin` began it: a coordinator
   * has written there.
   */
  async takeBack(begun: EngineMove["begun"]): Promise<void> {
    const { owner } = await this.owner();
    if (owner !== "own") return;
    if (begun === null) throw refuse.headChanged(this.#keys.head);
    await this.#eraseIf(headOf(this.#clusterId, logIndex(begun.index), term(begun.term)).raw);
  }

  /** Deletes all keys of a log that is sealed. */
  async eraseSealed(): Promise<void> {
    const { owner, head } = await this.owner();
    if (owner === "sealed" && head !== null) await this.#eraseIf(head.raw);
  }

  async #snapshot(): Promise<FleetState> {
    const [stored] = await this.#range(this.#keys.snapshot, `${this.#keys.snapshot}\0`, 1);
    if (stored === undefined) return emptyState();
    const { lastIndex, term: at, chunks, sha256 } = readSnapshot(stored);
    const parts: Uint8Array[] = [];
    for (let number = 0; number < chunks; number += 1) {
      parts.push(await this.#value(this.#keys.chunk(lastIndex, term(at), number)));
    }
    const bytes = Buffer.concat(parts);
    const isSame = Buffer.compare(createHash("sha256").update(bytes).digest(), sha256) === 0;
    const state = isSame ? stateFrom(bytes, lastIndex) : null;
    if (state === null) throw damaged(this.#keys.snapshot);
    return state;
  }

  async #batches(from: number): Promise<Batch[]> {
    const found = await this.#range(this.#keys.batch(from), this.#keys.logEnd, PAGE_KEYS);
    const batches: Batch[] = [];
    for (const stored of found) {
      const read = readBatch(stored);
      batches.push("parts" in read ? await this.#joined(stored.key, read.term, read.parts) : read);
    }
    return batches;
  }

  async #joined(key: string, at: Term, parts: number): Promise<Batch> {
    const last = logIndex(Number(key.slice(key.lastIndexOf("/") + 1)));
    const values: Uint8Array[] = [];
    for (let number = 0; number < parts; number += 1) {
      values.push(await this.#value(this.#keys.part(last, at, number)));
    }
    return readJoined(key, at, Buffer.concat(values));
  }

  async #value(key: string): Promise<Uint8Array> {
    const [stored] = await this.#range(key, `${key}\0`, 1);
    if (stored === undefined) throw damaged(key);
    return stored.value;
  }

  async #range(from: string, end: string, limit: number): Promise<StoredKey[]> {
    const { kvs } = await range(this.#client, { key: bytesOf(from), rangeEnd: bytesOf(end), limit });
    return kvs.map(storedKey);
  }

  async #replaceHead(from: Head, to: Head): Promise<void> {
    await this.#putIf(from, [{ key: this.#keys.head, value: to.raw }]);
  }

  async #putIf(head: Head | null, puts: readonly { readonly key: string; readonly value: Uint8Array }[]) {
    const success = puts.map(({ key, value }) => ({
      request: { $case: "requestPut" as const, value: { key: bytesOf(key), value } },
    }));
    await this.#ifHead(head?.raw ?? null, success);
  }

  async #eraseIf(head: Uint8Array): Promise<void> {
    const { from, end } = this.#keys.all;
    const value = { key: bytesOf(from), rangeEnd: bytesOf(end) };
    await this.#ifHead(head, [{ request: { $case: "requestDeleteRange" as const, value } }]);
  }

  /** Null: while there is no head. */
  async #ifHead(raw: Uint8Array | null, success: NonNullable<Parameters<typeof txn>[1]["success"]>) {
    const key = bytesOf(this.#keys.head);
    const result = Compare_CompareResult.EQUAL;
    const compare =
      raw === null
        ? {
            ...{ key, result, target: Compare_CompareTarget.CREATE },
            targetUnion: { $case: "createRevision" as const, value: 0 },
          }
        : {
            ...{ key, result, target: Compare_CompareTarget.VALUE },
            targetUnion: { $case: "value" as const, value: raw },
          };
    const { succeeded } = await txn(this.#client, { compare: [compare], success }, "write");
    if (!succeeded) throw refuse.headChanged(this.#keys.head);
  }
}

function storedKey({
  key,
  value,
  createRevision,
  lease,
}: {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly lease: string;
}): StoredKey {
  return { key: textOf(key), value, created: createRevision, lease };
}

/** Where every log in etcd begins. */
function emptyState(): FleetState {
  const state = new FleetState();
  state.advanceTo(logIndex(FIRST_INDEX));
  return state;
}

function applyTo(state: FleetState, batch: Batch): void {
  for (const [at, data] of batch.commands.entries()) {
    const index = logIndex(batch.first + at);
    if (index <= state.appliedIndex) continue;
    if (data.length === 0) state.advanceTo(index);
    else apply(state, index, decodeCommand(index, data));
  }
}
