// The log's port over etcd's gRPC API. Each call goes to one endpoint, and after a failure the next one goes to another.
// Nothing is repeated here: the log reads back what became of a write, and asks again.

import { status } from "@grpc/grpc-js";
import { present } from "../../base/assert.ts";
import { systemClock } from "../../base/clock.ts";
import { type LogIndex, logIndex, term } from "../../base/ids.ts";
import type { LogKeys } from "../../etcd-log/log-keys.ts";
import { readBatch, readJoined, readSnapshot, viewOf } from "../../etcd-log/records.ts";
import { lost } from "../../etcd-log/refuse-lost.ts";
import type { Batch, Fetched, GuardedWrite, View, Wanted, WriteAnswer } from "../../etcd-log/vocabulary.ts";
import { leaderRequired } from "../../wire/etcd/etcd-channel.ts";
import { keepAliveOnce } from "../../wire/etcd/keep-alive-once.ts";
import {
  CompactionRequest,
  DeleteRangeRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  RangeRequest,
  type ResponseHeader,
  TxnRequest,
} from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { EtcdSnapshot } from "../../wire/gen/fleet/v1/etcd_log.ts";
import { readRpcError } from "../../wire/rpc-error.ts";
import { unary } from "../../wire/unary.ts";
import type { EtcdEndpoint } from "./etcd-endpoint.ts";
import { bytesOf, storedKey, txnOf } from "./etcd-requests.ts";
import type { GrantedLease, LogStore } from "./log-store.ts";
import { watchView } from "./watch-view.ts";

const CALL_MS = 2_000;
// A chunk has 512 KiB, which takes a while on a slow line.
const CHUNK_MS = 10_000;
const REWATCH_MS = 200;

export class GrpcLogStore implements LogStore {
  readonly #keys: LogKeys;
  readonly #endpoints: readonly EtcdEndpoint[];
  readonly #leaseTtlS: number;
  readonly #onTrouble: (address: string, error: unknown) => void;
  #turn: number;
  #endWatch: (() => void) | null = null;
  #rewatch: NodeJS.Timeout | null = null;
  #isClosed = false;
  /** Null before the first answer. */
  #clusterId: string | null = null;

  constructor(options: {
    readonly keys: LogKeys;
    readonly endpoints: readonly EtcdEndpoint[];
    readonly leaseTtlS: number;
    /** The endpoint to begin with: coordinators spread over the cluster. */
    readonly first: number;
    readonly onTrouble: (address: string, error: unknown) => void;
  }) {
    this.#keys = options.keys;
    this.#endpoints = options.endpoints;
    this.#leaseTtlS = options.leaseTtlS;
    this.#turn = options.first;
    this.#onTrouble = options.onTrouble;
  }

  async look(): Promise<View> {
    const { head, viewEnd } = this.#keys;
    const request = RangeRequest.fromPartial({ key: bytesOf(head), rangeEnd: bytesOf(viewEnd) });
    const { header, kvs } = await this.#call(({ kv }, limits) => unary(kv.range.bind(kv), request, limits));
    return viewOf(this.#keys, this.#revisionOf(header), kvs.map(storedKey));
  }

  async write(write: GuardedWrite): Promise<WriteAnswer> {
    const { head, viewEnd } = this.#keys;
    const request = TxnRequest.fromPartial(txnOf(write, { from: head, end: viewEnd }));
    try {
      const answer = await this.#call(({ kv }, limits) => unary(kv.txn.bind(kv), request, limits));
      const revision = this.#revisionOf(answer.header);
      if (answer.succeeded) return { kind: "done", revision };
      const range = answer.responses[0]?.response;
      const kvs = range?.$case === "responseRange" ? range.value.kvs : [];
      return { kind: "refused", view: viewOf(this.#keys, revision, kvs.map(storedKey)) };
    } catch (error) {
      if (isAnswer(error)) throw error;
      return { kind: "unknown" };
    }
  }

  async fetch({ from, batches: limit, limitMs }: Wanted): Promise<Fetched> {
    const { batch, logEnd } = { batch: this.#keys.batch(from), logEnd: this.#keys.logEnd };
    const { revision, found } = await this.#range(batch, logEnd, limit, limitMs);
    const batches: Batch[] = [];
    for (const stored of found) {
      const read = readBatch(stored);
      batches.push("parts" in read ? await this.#joined(stored.key, read, limitMs) : read);
    }
    return { revision, batches };
  }

  async snapshot(): Promise<EtcdSnapshot | null> {
    const {
      found: [stored],
    } = await this.#range(this.#keys.snapshot, `${this.#keys.snapshot}\0`, 1);
    return stored === undefined ? null : readSnapshot(stored);
  }

  async chunk({ lastIndex, term: at }: EtcdSnapshot, number: number): Promise<Uint8Array> {
    const key = this.#keys.chunk(lastIndex, term(at), number);
    const {
      found: [stored],
    } = await this.#range(key, `${key}\0`, 1, CHUNK_MS);
    if (stored === undefined) throw new Error(`the snapshot's chunk ${key} is gone`);
    return stored.value;
  }

  async trim(log: LogIndex, chunks: LogIndex): Promise<void> {
    const keys = this.#keys;
    await this.#erase(keys.batch(0), keys.batch(log + 1));
    await this.#erase(keys.parts(0), keys.parts(log + 1));
    await this.#erase(keys.chunks(0), keys.chunks(chunks));
  }

  async compact(revision: number): Promise<void> {
    const request = CompactionRequest.fromPartial({ revision });
    await this.#call(async ({ kv }, limits) => {
      try {
        await unary(kv.compact.bind(kv), request, limits);
      } catch (error) {
        // Another caller has compacted further.
        if (readRpcError(error).code !== status.OUT_OF_RANGE) throw error;
      }
    });
  }

  async grantLease(): Promise<GrantedLease> {
    const request = LeaseGrantRequest.fromPartial({ TTL: this.#leaseTtlS });
    const { ID, TTL } = await this.#call(({ lease }, limits) =>
      unary(lease.leaseGrant.bind(lease), request, limits),
    );
    return { id: ID, ttlMs: TTL * 1_000 };
  }

  async keepLease(id: string, limitMs: number): Promise<number> {
    const endMs = systemClock.monotonicMs() + Math.min(limitMs, CALL_MS);
    const seconds = await this.#call(({ lease }) => keepAliveOnce(lease, id, endMs));
    return seconds * 1_000;
  }

  async revokeLease(id: string): Promise<void> {
    const request = LeaseRevokeRequest.fromPartial({ ID: id });
    await this.#call(({ lease }, limits) => unary(lease.leaseRevoke.bind(lease), request, limits));
  }

  watch(changed: () => void): void {
    if (this.#isClosed) return;
    const endpoint = this.#endpoint();
    const { head, viewEnd } = this.#keys;
    this.#endWatch = watchView(endpoint, { from: head, end: viewEnd }, changed, () => {
      this.#leave(endpoint);
      this.#rewatch = setTimeout(() => this.watch(changed), REWATCH_MS);
      changed();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#endWatch?.();
    if (this.#rewatch !== null) clearTimeout(this.#rewatch);
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  async #joined(
    key: string,
    { parts, term: at }: { readonly parts: number; readonly term: Batch["term"] },
    limitMs: number,
  ): Promise<Batch> {
    const last = logIndex(Number(key.slice(key.lastIndexOf("/") + 1)));
    const values: Uint8Array[] = [];
    for (let number = 0; number < parts; number += 1) {
      const part = this.#keys.part(last, at, number);
      const {
        found: [stored],
      } = await this.#range(part, `${part}\0`, 1, limitMs);
      if (stored === undefined) throw new Error(`the log's part ${part} is gone`);
      values.push(stored.value);
    }
    return readJoined(key, at, Buffer.concat(values));
  }

  async #range(from: string, end: string, limit: number, limitMs = CALL_MS) {
    const request = RangeRequest.fromPartial({ key: bytesOf(from), rangeEnd: bytesOf(end), limit });
    const { header, kvs } = await this.#call(
      ({ kv }, limits) => unary(kv.range.bind(kv), request, limits),
      limitMs,
    );
    return { revision: this.#revisionOf(header), found: kvs.map(storedKey) };
  }

  /** An etcd cluster that was made anew from a backup has another id, and may have another history. */
  #revisionOf(header: ResponseHeader | undefined): number {
    if (header === undefined) throw new Error("the answer has no header, so it is not etcd's");
    const { clusterId, revision } = header;
    if (clusterId === "0") return revision;
    this.#clusterId ??= clusterId;
    if (clusterId !== this.#clusterId) {
      throw lost(`etcd cluster ${clusterId} answered, and etcd cluster ${this.#clusterId} did before`);
    }
    return revision;
  }

  async #erase(from: string, end: string): Promise<void> {
    const request = DeleteRangeRequest.fromPartial({ key: bytesOf(from), rangeEnd: bytesOf(end) });
    await this.#call(({ kv }, limits) => unary(kv.deleteRange.bind(kv), request, limits));
  }

  async #call<Answer>(
    ask: (
      endpoint: EtcdEndpoint,
      limits: { endMs: number; metadata: ReturnType<typeof leaderRequired> },
    ) => Promise<Answer>,
    limitMs = CALL_MS,
  ): Promise<Answer> {
    const endpoint = this.#endpoint();
    try {
      return await ask(endpoint, { endMs: systemClock.monotonicMs() + limitMs, metadata: leaderRequired() });
    } catch (error) {
      this.#leave(endpoint);
      if (!this.#isClosed) this.#onTrouble(endpoint.address, error);
      throw error;
    }
  }

  #endpoint(): EtcdEndpoint {
    return present(this.#endpoints[this.#turn % this.#endpoints.length], "there is at least one endpoint");
  }

  /** Once for all calls that fail there together. */
  #leave(endpoint: EtcdEndpoint): void {
    if (this.#endpoint() === endpoint) this.#turn += 1;
  }
}

/** Whether it is about what etcd answered, and not about the way there. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && "parts" in error;
}
