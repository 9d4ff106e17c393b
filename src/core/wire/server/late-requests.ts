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

interface Late {
  /** By the counted time. */
  readonly dueMs: number;
  readonly giveUp: () => void;
}

export class LateRequests {
  readonly #waitMs: number;
  readonly #now: () => MonotonicMs;
  /** In order of their time, since all may take equally long. */
  readonly #waiting = new Set<Late>();
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
    const late = { dueMs: this.#count() + this.#waitMs, giveUp };
    this.#waiting.add(late);
    if (!this.#hasTimer) this.#wait(this.#waitMs);
    return late;
  }

  /** The request is whole, or gone. */
  remove(late: object): void {
    this.#waiting.delete(late as Late);
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
    for (const late of this.#waiting) {
      if (late.dueMs > countedMs) {
        this.#wait(late.dueMs - countedMs);
        return;
      }
      this.#waiting.delete(late);
      late.giveUp();
    }
  }
}

export function tooLate(): RpcError {
  const message = `the request was not whole within ${WHOLE_MS_MAX / 1_000} s`;
  return rpcError(status.DEADLINE_EXCEEDED, "REQUEST_TOO_SLOW", message);
}
