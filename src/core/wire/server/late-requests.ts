// Requests that are not whole yet, so that those that take too long are given up. One timer serves all of them: nearly every
// request is whole at once, and a timer of its own would cost more than reading it. What must stay true: a request is given
// up when its time is over, not before. Time in which this process stood still does not count: meanwhile the request waited
// in a socket, and its caller was not slow. The timer does not keep the process running.

import { status } from "@grpc/grpc-js";
import { type MonotonicMs, systemClock } from "../../base/clock.ts";
import { type RpcError, rpcError } from "../rpc-error.ts";

/** A process that looks at its clock less often stands still. */
const LOOK_EVERY_MS = 1_000;
/** Between two looks no more than this counts. */
const COUNTED_MS_MAX = 2 * LOOK_EVERY_MS;

/** After this time an incomplete request is refused. */
const WHOLE_MS_MAX = 30_000;

/** One request. */
class Late {
  /** By the counted time. */
  readonly dueMs: number;
  readonly giveUp: () => void;
  /** Its neighbours in the circle of those that wait; itself if it waits no longer. */
  before: Late = this;
  after: Late = this;

  constructor(dueMs: number, giveUp: () => void) {
    this.dueMs = dueMs;
    this.giveUp = giveUp;
  }
}

export class LateRequests {
  readonly #waitMs: number;
  readonly #now: () => MonotonicMs;
  /**
   * All that wait, as a circle in order of their time, since all may take equally long. Not a Set: it would be empty again
   * after nearly every request, and V8 makes a new table whenever one becomes empty. This one stands between the last and
   * the first, and is never due.
   */
  readonly #ends = new Late(Number.POSITIVE_INFINITY, () => undefined);
  #hasTimer = false;
  #countedMs = 0;
  #lookedMs: MonotonicMs;

  constructor(now: () => MonotonicMs = systemClock.monotonicMs, waitMs = WHOLE_MS_MAX) {
    this.#waitMs = waitMs;
    this.#now = now;
    this.#lookedMs = now();
  }

  /** Calls `giveUp` when the time is over, unless what this returns is removed before. */
  add(giveUp: () => void): object {
    const late = new Late(this.#count() + this.#waitMs, giveUp);
    link(this.#ends.before, late);
    link(late, this.#ends);
    if (!this.#hasTimer) this.#wait(this.#waitMs);
    return late;
  }

  /** The request is whole, or gone. */
  remove(late: object): void {
    const leaving = late as Late;
    link(leaving.before, leaving.after);
    link(leaving, leaving);
  }

  #count(): number {
    const nowMs = this.#now();
    this.#countedMs += Math.min(nowMs - this.#lookedMs, COUNTED_MS_MAX);
    this.#lookedMs = nowMs;
    return this.#countedMs;
  }

  #wait(ms: number): void {
    this.#hasTimer = true;
    setTimeout(() => this.#look(), Math.min(ms, LOOK_EVERY_MS)).unref();
  }

  #look(): void {
    this.#hasTimer = false;
    const countedMs = this.#count();
    for (let late = this.#ends.after; late !== this.#ends; late = this.#ends.after) {
      if (late.dueMs > countedMs) {
        this.#wait(late.dueMs - countedMs);
        return;
      }
      this.remove(late);
      late.giveUp();
    }
  }
}

function link(before: Late, after: Late): void {
  before.after = after;
  after.before = before;
}

export function tooLate(): RpcError {
  const message = `the request was not whole within ${WHOLE_MS_MAX / 1_000} s`;
  return rpcError(status.DEADLINE_EXCEEDED, "REQUEST_TOO_SLOW", message);
}
