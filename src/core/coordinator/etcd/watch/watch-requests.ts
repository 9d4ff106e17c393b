// The requests of one stream of watches, one after the other. What must stay true: the requests of a caller that reads
// no answers are not read. Those of a caller beyond its identity's rate are not read until it may send again. No
// request is lost meanwhile: etcd's clients do not repeat them, and an error would end all watches of the stream.

import type { Timers } from "../../../base/timers.ts";
import type { WatchRequest } from "../../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { type RpcError, readRpcError } from "../../../wire/rpc-error.ts";
import type { WatchStream } from "./watch-stream.ts";

export interface WatchRequestsOptions {
  readonly call: { pause(): unknown; resume(): unknown };
  readonly stream: Pick<WatchStream, "take" | "isFull">;
  readonly timers: Pick<Timers, "after">;
  /** Counts a request of the caller's identity; an error says how long it must wait. */
  readonly count: () => RpcError | null;
}

const WAIT_MS_MIN = 10;

export class WatchRequests {
  readonly #options: WatchRequestsOptions;
  /** The requests that came too early, in order: one, and what the stream had already read. */
  #held: WatchRequest[] = [];
  #cancelWait: (() => void) | null = null;
  #hasEnded = false;

  constructor(options: WatchRequestsOptions) {
    this.#options = options;
  }

  take(request: WatchRequest): void {
    this.#held.push(request);
    if (this.#held.length === 1) this.#work();
  }

  /** The stream may have room again. */
  readAgain(): void {
    if (this.#hasEnded || this.#held.length > 0 || this.#options.stream.isFull) return;
    this.#options.call.resume();
  }

  end(): void {
    this.#hasEnded = true;
    this.#held = [];
    this.#cancelWait?.();
  }

  #work(): void {
    const { call, stream, timers, count } = this.#options;
    while (this.#held.length > 0) {
      const limited = count();
      if (limited !== null) {
        call.pause();
        const waitMs = Math.max(WAIT_MS_MIN, readRpcError(limited).retryDelayMs ?? 0);
        this.#cancelWait = timers.after(waitMs, () => this.#work());
        return;
      }
      const request = this.#held.shift();
      if (request !== undefined) stream.take(request);
    }
    // Each request has an answer: a caller that reads none of them is not read either.
    if (stream.isFull) call.pause();
    else this.readAgain();
  }
}
