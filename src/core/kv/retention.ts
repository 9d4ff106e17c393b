// How much history is kept without a request to compact it. The window is a promise: what was current during it can be
// read. The number of revisions is a limit on memory. Where both can't hold, writes are refused until time has passed.
// Time comes with the commands, because replicas must decide alike, and it never goes back. It is no time of day: leaders
// count it (coordinator/etcd/key-time.ts).

import { assert } from "../base/assert.ts";
import type { KeyRetention } from "../wire/gen/fleet/v1/key_command.ts";

export interface RetentionRule {
  /** 0 = no promise. */
  readonly windowMs: number;
  /** 0 = no limit. */
  readonly revisionsMax: number;
}

/** `revision` was the current one at `atMs`. */
export interface RevisionTime {
  readonly atMs: number;
  readonly revision: number;
}

export interface RetentionState {
  readonly rule: RetentionRule;
  readonly atMs: number;
  /** In order, at most some dozens. */
  readonly times: readonly RevisionTime[];
  /** The number of the rule's last change; 0 = it had none. */
  readonly changes: number;
}

const NO_RULE: RetentionRule = { windowMs: 0, revisionsMax: 0 };
export const KEEP_ALL: RetentionState = { rule: NO_RULE, atMs: 0, times: [], changes: 0 };

/** The history may be longer than the window by this part of it. */
const MARKS_PER_WINDOW = 32;
const MARK_MS_MIN = 1_000;
/** Without a window, a compaction leaves this much of the limit, so that not every write compacts. */
const LEFT_OF_LIMIT = 0.9;

export class Retention {
  #rule: RetentionRule;
  #atMs: number;
  #times: RevisionTime[];
  #changes: number;

  constructor(state = KEEP_ALL) {
    this.#rule = state.rule;
    this.#atMs = state.atMs;
    this.#times = [...state.times];
    this.#changes = state.changes;
  }

  get rule(): RetentionRule {
    return this.#rule;
  }

  /** The latest time of a command. */
  get timeMs(): number {
    return this.#atMs;
  }

  /** See `change_number` in key_command.proto. */
  get changes(): number {
    return this.#changes;
  }

  /**
   * Marks of earlier rules stay: what they say is still true. `revision` is the current one. False: it was proposed before
   * another rule became this one, and changes nothing (ADR-0072).
   */
  change({ windowMs, revisionsMax, changeNumber }: KeyRetention, revision: number): boolean {
    if (changeNumber !== (changeNumber === 0 ? this.#changes : this.#changes + 1)) return false;
    this.#changes = changeNumber;
    this.#rule = { windowMs, revisionsMax };
    this.pass(this.#atMs, revision);
    return true;
  }

  /** A command arrived at this time. `revision` is the current one before it. */
  pass(atMs: number, revision: number): void {
    this.#atMs = Math.max(this.#atMs, atMs);
    const { windowMs } = this.#rule;
    if (windowMs === 0) return;
    const last = this.#times.at(-1);
    const isDue = last === undefined || this.#atMs >= last.atMs + markMs(windowMs);
    if (isDue) this.#times.push({ atMs: this.#atMs, revision });
    while (this.#isPast(this.#times[1])) this.#times.shift();
    assert(this.#times.length > 0, "a window has a mark");
  }

  /** The revision to compact at now; null if there is nothing to drop. */
  due({ current, compacted }: { readonly current: number; readonly compacted: number }): number | null {
    const { windowMs, revisionsMax } = this.#rule;
    if (windowMs > 0) {
      const oldest = this.#times[0];
      if (oldest === undefined || oldest.revision <= Math.max(1, compacted)) return null;
      // What is older than the first mark of all was never promised: the limit may drop it.
      return this.#isPast(oldest) || this.isFull({ current, compacted }) ? oldest.revision : null;
    }
    if (revisionsMax === 0 || current - Math.max(1, compacted) <= revisionsMax) return null;
    return current - Math.floor(revisionsMax * LEFT_OF_LIMIT);
  }

  /** Whether the window needs more history than the limit allows, so that no write may add to it. */
  isFull({ current, compacted }: { readonly current: number; readonly compacted: number }): boolean {
    const { windowMs, revisionsMax } = this.#rule;
    return windowMs > 0 && revisionsMax > 0 && current - Math.max(1, compacted) >= revisionsMax;
  }

  capture(): RetentionState {
    return { rule: this.#rule, atMs: this.#atMs, times: [...this.#times], changes: this.#changes };
  }

  /** Whether the window began at this mark or after it. */
  #isPast(mark: RevisionTime | undefined): mark is RevisionTime {
    return mark !== undefined && mark.atMs <= this.#atMs - this.#rule.windowMs;
  }
}

function markMs(windowMs: number): number {
  return Math.max(MARK_MS_MIN, Math.floor(windowMs / MARKS_PER_WINDOW));
}
