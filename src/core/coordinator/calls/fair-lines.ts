// Calls that wait to start, one line for each caller: callers take turns, each with its first call. What must
// stay true: there are never more calls than the room. When it is full, the caller with most calls loses one.
// So one caller's storm delays another's call by one call for each caller, and never makes it refused.

import { assert } from "../../base/assert.ts";
import { elapsedMs, type MonotonicMs } from "../../base/clock.ts";

const KEPT_MAX = 4_096;

export interface Waiting {
  readonly sinceMs: MonotonicMs;
  /** False: it lost its place. */
  readonly resume: (isTaken: boolean) => void;
}

export class FairLines {
  readonly #room: number;
  /** By caller; the one that started a call last is the last. */
  readonly #lines = new Map<string, Line>();
  #size = 0;

  constructor(room: number) {
    this.#room = room;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds it; if a call must lose its place, perhaps this one, that call is told. */
  add(caller: string, waiting: Waiting): void {
    const line = this.#lines.get(caller) ?? new Line();
    this.#lines.set(caller, line);
    line.add(waiting);
    this.#size += 1;
    if (this.#size <= this.#room) return;
    const [heaviest, most] = this.#heaviest();
    const newest = most.drop();
    this.#left(heaviest, most);
    newest.resume(false);
  }

  take(): Waiting | undefined {
    for (const [caller, line] of this.#lines) {
      const next = line.take();
      this.#lines.delete(caller);
      this.#lines.set(caller, line);
      this.#left(caller, line);
      return next;
    }
    return undefined;
  }

  /** How long this caller's first call has waited. */
  waitedMs(caller: string, nowMs: MonotonicMs): number {
    return this.#lines.get(caller)?.waitedMs(nowMs) ?? 0;
  }

  longestWaitMs(nowMs: MonotonicMs): number {
    return [...this.#lines.values()].reduce((longest, line) => Math.max(longest, line.waitedMs(nowMs)), 0);
  }

  #left(caller: string, line: Line): void {
    this.#size -= 1;
    if (line.size === 0) this.#lines.delete(caller);
  }

  #heaviest(): [string, Line] {
    return [...this.#lines].reduce((most, one) => (one[1].size > most[1].size ? one : most));
  }
}

/** First in, first out, in constant time. */
export class Line {
  #waiting: Waiting[] = [];
  #taken = 0;

  get size(): number {
    return this.#waiting.length - this.#taken;
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
  }

  take(): Waiting | undefined {
    const next = this.#waiting[this.#taken];
    if (next === undefined) return undefined;
    this.#taken += 1;
    assert(this.#taken <= this.#waiting.length, "what is taken was added");
    // Rarely, so that moving the rest costs little for each.
    if (this.#taken > KEPT_MAX || this.#taken === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#taken);
      this.#taken = 0;
    }
    return next;
  }

  /** The newest one. */
  drop(): Waiting {
    const newest = this.size > 0 ? this.#waiting.pop() : undefined;
    assert(newest !== undefined, "what gives way was there");
    return newest;
  }

  /** How long the first one has waited. */
  waitedMs(nowMs: MonotonicMs): number {
    const first = this.#waiting[this.#taken];
    return first === undefined ? 0 : elapsedMs(first.sinceMs, nowMs);
  }
}
