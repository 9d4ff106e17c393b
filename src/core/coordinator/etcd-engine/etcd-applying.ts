// Applies the entries of an etcd log to a machine, some at a time, so that calls are answered in between. What must stay true: nothing
// is applied while a snapshot replaces the state, and a large entry is whole before the next begins.

import { assert } from "../../base/assert.ts";
import type { LogIndex } from "../../base/ids.ts";
import type { LoggedEntry } from "../../etcd-log/etcd-log.ts";
import type { Snapshot } from "../../raft/message.ts";
import { Applier, type ApplierOptions } from "../group/applier.ts";
import type { GroupMeter } from "../group/group-meter.ts";

const ENTRIES_A_TURN = 256;

export interface EtcdApplyingOptions<Result>
  extends Pick<ApplierOptions<Result>, "machine" | "onApplied" | "pause"> {
  readonly meter: GroupMeter;
  /** Everything through `index` is applied. */
  readonly onProgress: (index: LogIndex) => void;
  readonly onFatal: (error: unknown) => void;
}

export class EtcdApplying<Result> {
  readonly #options: EtcdApplyingOptions<Result>;
  readonly #applier: Applier<Result>;
  #waiting: LoggedEntry[] = [];
  #isScheduled = false;
  #isStopped = false;

  constructor(options: EtcdApplyingOptions<Result>) {
    this.#options = options;
    this.#applier = new Applier({ ...options, applyConfChange: () => null });
  }

  get last(): Applier<Result>["last"] {
    return this.#applier.last;
  }

  get isRestoring(): boolean {
    return this.#applier.isRestoring;
  }

  /** Whether the state is that of `last`, and all entries that arrived are in it. */
  get isIdle(): boolean {
    return !this.isRestoring && !this.#applier.isMidEntry && this.#waiting.length === 0;
  }

  add(entries: readonly LoggedEntry[]): void {
    if (entries.length === 0) return;
    this.#waiting.push(...entries);
    if (!this.#isScheduled) this.#applySome();
  }

  /** The snapshot replaces the state, and the entries that it covers. */
  async restore(snapshot: Snapshot): Promise<void> {
    assert(!this.#applier.isMidEntry, "a large entry is whole before a snapshot replaces it");
    this.#waiting = this.#waiting.filter(({ index }) => index > snapshot.index);
    await this.#applier.restore(snapshot);
    this.#options.onProgress(this.last.index);
    this.#applySome();
  }

  stop(): void {
    this.#isStopped = true;
    this.#applier.stop();
  }

  #applySome(): void {
    this.#isScheduled = false;
    if (this.#isStopped || this.isRestoring) return;
    try {
      this.#options.meter.timeApply(() => this.#turn());
    } catch (error) {
      this.#options.onFatal(error);
      return;
    }
    this.#options.onProgress(this.last.index);
    if (this.isIdle) return;
    this.#isScheduled = true;
    setImmediate(() => this.#applySome());
  }

  /** A slice of a large entry, or some entries up to one that needs slices. */
  #turn(): void {
    if (this.#applier.isMidEntry) {
      this.#applier.applySlice();
      return;
    }
    const taken = this.#waiting.splice(0, ENTRIES_A_TURN);
    while (taken.length > 0 && !this.#applier.isMidEntry) {
      const next = taken.shift();
      if (next !== undefined) this.#applier.apply({ ...next, type: "normal" });
    }
    this.#waiting.unshift(...taken);
  }
}
