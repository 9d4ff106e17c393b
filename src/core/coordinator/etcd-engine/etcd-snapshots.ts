// Snapshots of the tables in etcd: chunks under keys of their own, made visible by one write. What must stay true: the log is deleted
// only behind a visible snapshot, and only the leader makes one visible.

import { createHash } from "node:crypto";
import type { LogIndex, NodeId } from "../../base/ids.ts";
import { logIndex, term } from "../../base/ids.ts";
import { onlyVoters } from "../../base/only-voters.ts";
import type { LogKeys } from "../../etcd-log/log-keys.ts";
import { damaged, snapshotValue } from "../../etcd-log/records.ts";
import type { Condition, Put } from "../../etcd-log/vocabulary.ts";
import type { Snapshot, StoredData } from "../../raft/message.ts";
import type { EtcdSnapshot } from "../../wire/gen/fleet/v1/etcd_log.ts";
import type { Applied } from "../group/applier.ts";
import type { LogStore } from "./log-store.ts";

const CHUNK_BYTES = 512 * 1024;
const ATTEMPTS = 5;

export interface SavedState extends Pick<Applied, "index" | "term"> {
  readonly encode: () => AsyncIterable<Uint8Array>;
  /** The revision that created this leader's key: after its reign nothing is written any more. */
  readonly created: number;
}

export class EtcdSnapshots {
  readonly #keys: LogKeys;
  readonly #store: LogStore;

  constructor(keys: LogKeys, store: LogStore) {
    this.#keys = keys;
    this.#store = store;
  }

  /** False: it was refused, since this replica leads no more. Rejects when etcd does not answer. */
  async save({ index, term: at, encode, created }: SavedState): Promise<boolean> {
    const fence: Condition = { kind: "created", key: this.#keys.leader, revision: created };
    const hash = createHash("sha256");
    let [chunks, bytes] = [0, 0];
    for await (const chunk of inChunks(encode())) {
      hash.update(chunk);
      bytes += chunk.length;
      if (!(await this.#put(fence, { key: this.#keys.chunk(index, at, chunks), value: chunk }))) return false;
      chunks += 1;
    }
    const record = { lastIndex: index, term: at, chunks, bytes, sha256: hash.digest() };
    return this.#put(fence, { key: this.#keys.snapshot, value: snapshotValue(record) });
  }

  /** The newest one, to be read from etcd as it is restored; null = no snapshot. */
  async newest(voters: readonly NodeId[]): Promise<Snapshot | null> {
    const found = await this.#store.snapshot();
    if (found === null) return null;
    const confState = onlyVoters(voters);
    return { index: logIndex(found.lastIndex), term: term(found.term), confState, data: this.#data(found) };
  }

  /** Deletes the log through `through`, and what earlier snapshots left. */
  trim(through: LogIndex, snapshot: LogIndex): Promise<void> {
    return this.#store.trim(through, snapshot);
  }

  /** Puts can be repeated: the same bytes under the same key. */
  async #put(fence: Condition, put: Put): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const answer = await this.#store.write({ conditions: [fence], puts: [put], erases: [] });
      if (answer.kind !== "unknown") return answer.kind === "done";
    }
    throw new Error(`etcd did not answer ${ATTEMPTS} times while a snapshot was written`);
  }

  #data(found: EtcdSnapshot): StoredData {
    const store = this.#store;
    const { snapshot: key } = this.#keys;
    return {
      bytes: found.bytes,
      sha256: found.sha256,
      async *read() {
        const hash = createHash("sha256");
        for (let number = 0; number < found.chunks; number += 1) {
          const chunk = await store.chunk(found, number);
          hash.update(chunk);
          yield chunk;
        }
        if (Buffer.compare(hash.digest(), found.sha256) !== 0) throw damaged(key);
      },
    };
  }
}

async function* inChunks(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    waiting.push(part);
    bytes += part.length;
    if (bytes < CHUNK_BYTES) continue;
    const whole = Buffer.concat(waiting);
    const full = whole.length - (whole.length % CHUNK_BYTES);
    for (let at = 0; at < full; at += CHUNK_BYTES) yield whole.subarray(at, at + CHUNK_BYTES);
    waiting = [whole.subarray(full)];
    bytes = whole.length - full;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}
