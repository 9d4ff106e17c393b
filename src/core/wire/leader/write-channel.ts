// A client's writes to one replica on one stream (Coordinator.Write): all writes of one turn travel in one
// message. The stream is opened with the first write, and after a failure again with the next one. What must
// stay true: every write settles once, at the latest at its own deadline. A write that the replica refuses
// fails with the same error as Submit. When the stream fails, its outstanding writes fail as UNAVAILABLE,
// because they may have been accepted. Absent: retries, which belong to leader-caller.ts.

import { status } from "@grpc/grpc-js";
import { assert } from "../../base/assert.ts";
import { elapsedMs, type MonotonicMs, systemClock } from "../../base/clock.ts";
import { soonOncePerPass } from "../../base/soon.ts";
import {
  SubmitRequest,
  type SubmitResponse,
  type WriteAnswer,
  type WriteAnswers,
  type WriteBatch,
} from "../gen/fleet/v1/coordinator.ts";
import { fromStatus, type RpcError } from "../rpc-error.ts";
import type { CallLimits } from "../unary.ts";
import { deadlineExceeded, plain, streamFailure, tooLarge, unencodable } from "../write-failure.ts";
import { WRITE_BYTES_MAX } from "../write-limits.ts";
import { DeadlineTimer } from "./deadline-timer.ts";

/** The part of a call of Coordinator.Write that is used here. */
interface WriteCall {
  on(event: "data", listener: (message: WriteAnswers) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "drain" | "end", listener: () => void): unknown;
  /** False: no more until `drain`. */
  write(batch: WriteBatch): boolean;
  cancel(): void;
}

interface Outstanding {
  readonly tag: number;
  readonly request: Uint8Array;
  readonly submittedMs: MonotonicMs;
  readonly endMs: MonotonicMs;
  readonly resolve: (response: SubmitResponse) => void;
  readonly reject: (error: RpcError) => void;
  /** Removes the listener of the caller's abort signal. */
  readonly release: () => void;
}

export class WriteChannel {
  readonly #open: () => WriteCall;
  /** In order of submission. */
  readonly #outstanding = new Map<number, Outstanding>();
  readonly #timer = new DeadlineTimer((nowMs) => this.#expire(nowMs));
  readonly #soon = soonOncePerPass();
  #call: WriteCall | null = null;
  /** Not passed to the stream yet. */
  readonly #queue = new Set<Outstanding>();
  #lastTag = 0;
  #isFlushing = false;
  #isBlocked = false;
  #isClosed = false;

  /** `open` starts the rpc. */
  constructor(open: () => WriteCall) {
    this.#open = open;
  }

  /** Like `unary(client.submit…)`. */
  submit(request: SubmitRequest, { endMs, signal }: CallLimits): Promise<SubmitResponse> {
    assert(!this.#isClosed, "a closed channel takes no writes");
    return new Promise((resolve, reject) => {
      const encoded = encode(request);
      if (encoded.length > WRITE_BYTES_MAX) throw tooLarge(encoded.length);
      if (signal?.aborted === true) throw plain(status.CANCELLED, "Call cancelled");
      this.#lastTag += 1;
      const tag = this.#lastTag;
      const abort = () => this.#fail(tag, plain(status.CANCELLED, "Call cancelled"));
      const release = () => signal?.removeEventListener("abort", abort);
      signal?.addEventListener("abort", abort, { once: true });
      const submittedMs = systemClock.monotonicMs();
      this.#enqueue({ tag, request: encoded, submittedMs, endMs, resolve, reject, release });
    });
  }

  /** Ends the stream; outstanding writes fail as cancelled. */
  close(): void {
    this.#isClosed = true;
    const call = this.#call;
    this.#lose(plain(status.CANCELLED, "the client was closed"));
    call?.cancel();
  }

  #enqueue(write: Outstanding): void {
    this.#outstanding.set(write.tag, write);
    this.#queue.add(write);
    this.#timer.cover(write.endMs);
    if (this.#isFlushing || this.#isBlocked) return;
    this.#isFlushing = true;
    this.#soon(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#queue.size === 0) return;
    const call = this.#call ?? this.#begin();
    const nowMs = systemClock.monotonicMs();
    const items = Array.from(this.#queue, ({ tag, request, endMs }) => {
      // 0 would mean no limit.
      return { tag, request, timeoutMs: Math.max(1, Math.ceil(endMs - nowMs)) };
    });
    this.#queue.clear();
    this.#isBlocked = !call.write({ items });
  }

  #begin(): WriteCall {
    const call = this.#open();
    this.#call = call;
    this.#isBlocked = false;
    call.on("data", ({ answers }: WriteAnswers) => this.#take(call, answers));
    call.on("drain", () => this.#drained(call));
    // grpc-js emits an error for every status except OK, and an end for a stream that the replica closes.
    call.on("error", (error: Error) => this.#ended(call, streamFailure(error)));
    call.on("end", () => this.#ended(call, plain(status.UNAVAILABLE, "the replica ended the stream")));
    return call;
  }

  #drained(call: WriteCall): void {
    if (call !== this.#call) return;
    this.#isBlocked = false;
    this.#flush();
  }

  #ended(call: WriteCall, error: RpcError): void {
    if (call === this.#call) this.#lose(error);
  }

  #take(call: WriteCall, answers: readonly WriteAnswer[]): void {
    for (const answer of answers) {
      if (answer.tag > this.#lastTag) {
        this.#ended(call, plain(status.UNAVAILABLE, "the replica answered a write that was never sent"));
        call.cancel();
        return;
      }
      this.#settle(answer);
    }
  }

  #settle({ tag, outcome }: WriteAnswer): void {
    const write = this.#remove(tag);
    // A late answer: the write has passed its deadline here.
    if (write === undefined) return;
    if (outcome?.$case === "response") write.resolve(outcome.value);
    else if (outcome?.$case === "refusal") write.reject(fromStatus(outcome.value));
    else write.reject(plain(status.UNAVAILABLE, "the replica's answer says nothing"));
  }

  #expire(nowMs: MonotonicMs): MonotonicMs {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { tag, endMs, submittedMs } of this.#outstanding.values()) {
      if (endMs > nowMs) nextMs = Math.min(nextMs, endMs);
      else this.#fail(tag, deadlineExceeded(elapsedMs(submittedMs, nowMs)));
    }
    return nextMs;
  }

  /** The stream is gone: all outstanding writes fail, sent or not. */
  #lose(error: RpcError): void {
    this.#call = null;
    this.#isBlocked = false;
    for (const tag of [...this.#outstanding.keys()]) this.#fail(tag, error);
  }

  #fail(tag: number, error: RpcError): void {
    this.#remove(tag)?.reject(error);
  }

  #remove(tag: number): Outstanding | undefined {
    const write = this.#outstanding.get(tag);
    if (write === undefined) return undefined;
    write.release();
    this.#outstanding.delete(tag);
    this.#queue.delete(write);
    if (this.#outstanding.size === 0) this.#timer.stop();
    return write;
  }
}

function encode(request: SubmitRequest): Uint8Array {
  try {
    return SubmitRequest.encode(request).finish();
  } catch (error) {
    throw unencodable(error);
  }
}
