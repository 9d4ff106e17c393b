// What waits for the log's next frame, of all groups in one order. A commit index that moves alone needs no frame of
// its own (etcd's MustSync; what exactly may ride: write-request.ts). It rides with the next.
// What must stay true: an append resolves only once everything added before it is durable, and its own records too
// unless they ride; records reach the log in the order in which they were added.

import type { GroupId } from "../base/ids.ts";
import { payloadBytes } from "./frame.ts";
import type { WalRecord } from "./record.ts";

/** Whether an append is done once its own records are durable, or as soon as all that came before it are. */
export type Urgency = "sync" | "ride";

interface Append {
  readonly records: readonly WalRecord[];
  readonly urgency: Urgency;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** One frame's worth. */
export interface Batch {
  readonly records: readonly WalRecord[];
  resolve(): void;
  reject(reason: unknown): void;
}

export class AppendQueue {
  #waiting: Append[] = [];
  /** Each group's newest hard state that no frame has taken along yet. */
  readonly #riders = new Map<GroupId, WalRecord>();

  /** Records that ride are hard states. An append without any only waits for what came before it. */
  add(records: readonly WalRecord[], urgency: Urgency): Promise<void> {
    const own = records.length > 0 ? urgency : "ride";
    return new Promise((resolve, reject) => this.#waiting.push({ records, urgency: own, resolve, reject }));
  }

  /**
   * What the next frame is to hold: at most `bytesMax`, unless a single append is larger. Null when nothing needs one.
   * To be called only while everything taken before is durable.
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

  // Everything before the first that needs a sync is durable already.
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
