// The records that wait for the log's next frame, of all groups in one order. A commit index that moves alone
// needs no frame of its own (etcd's MustSync): it rides with the next frame. write-request.ts says exactly
// which writes may ride. What must stay true: an append resolves only once everything added before it is
// durable, and its own records too unless they ride. Records reach the log in the order in which they were
// added.

import type { GroupId } from "../base/ids.ts";
import { payloadBytes } from "./frame.ts";
import type { WalRecord } from "./record.ts";

/**
 * Whether an append resolves once its own records are durable ("sync"), or as soon as everything before it is
 * ("ride").
 */
export type Urgency = "sync" | "ride";

interface Append {
  readonly records: readonly WalRecord[];
  readonly urgency: Urgency;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The content of one frame. */
export interface Batch {
  readonly records: readonly WalRecord[];
  resolve(): void;
  reject(reason: unknown): void;
}

export class AppendQueue {
  #waiting: Append[] = [];
  /** Each group's newest hard state that is in no frame yet. */
  readonly #riders = new Map<GroupId, WalRecord>();

  /** Records that ride must be hard states. An append without records only waits for everything before it. */
  add(records: readonly WalRecord[], urgency: Urgency): Promise<void> {
    const own = records.length > 0 ? urgency : "ride";
    return new Promise((resolve, reject) => this.#waiting.push({ records, urgency: own, resolve, reject }));
  }

  /**
   * The content of the next frame: at most `bytesMax`, unless a single append is larger. Null when no append
   * needs one. To be called only while everything taken before is durable.
   */
  take(bytesMax: number): Batch | null {
    this.#settleRiders();
    if (this.#waiting.length === 0) return null;
    const appends = this.#waiting.splice(0, countWithin(this.#waiting, bytesMax));
    const records = [...this.#riders.values(), ...appends.flatMap((append) => append.records)];
    this.#riders.clear();
    return {
      records,
      resolve: () => {
        for (const append of appends) append.resolve();
      },
      reject: (reason) => {
        for (const append of appends) append.reject(reason);
      },
    };
  }

  rejectAll(reason: unknown): void {
    for (const append of this.#waiting.splice(0)) append.reject(reason);
  }

  // Everything before the first append that needs a sync is durable already.
  #settleRiders(): void {
    const first = this.#waiting.findIndex(({ urgency }) => urgency === "sync");
    for (const { records, resolve } of this.#waiting.splice(0, first < 0 ? this.#waiting.length : first)) {
      for (const record of records) this.#riders.set(record.group, record);
      resolve();
    }
  }
}

function countWithin(appends: readonly Append[], bytesMax: number): number {
  let bytes = 0;
  let count = 0;
  for (const { records } of appends) {
    bytes += payloadBytes(records);
    if (bytes > bytesMax && count > 0) break;
    count += 1;
  }
  return count;
}
