// Refusals of calls beyond their caller's limits leave late. A connection has no more streams until some have
// ended, so a storm waits at its caller and costs little here. What it still sends is dropped. Pausing its socket does not hold it back: Node
// resumes reading once a refusal is sent. What must stay true: the number of held calls is bounded,
// for one caller and for all together. Refusals are sent one after another, not thousands in one pass of the event loop.

import type { ServerStream } from "../http2/server-stream.ts";
import type { RpcError } from "../rpc-error.ts";
import { refuse } from "./stream-answer.ts";

export const HOLD_MS = 1_000;
const APART_MS = 20;
const STEPS = 50;
/** For one caller: as many as a shard's connections have streams. */
export const HELD_MAX = 2_048;
/** Of all callers together: a held call is a stream of HTTP/2. */
export const ALL_HELD_MAX = 8_192;

export class HeldRefusals {
  readonly #heldMax: number;
  readonly #held = new Map<string, number>();
  #size = 0;
  #turn = 0;

  /** `heldMax`: for one caller. */
  constructor(heldMax = HELD_MAX) {
    this.#heldMax = heldMax;
  }

  /** How many calls are held, of all callers. */
  get size(): number {
    return this.#size;
  }

  /** False: too many are held, and this one is not. */
  hold(caller: string, stream: ServerStream, error: RpcError): boolean {
    const held = this.#held.get(caller) ?? 0;
    if (held >= this.#heldMax || this.#size >= ALL_HELD_MAX) return false;
    stream.drop();
    this.#held.set(caller, held + 1);
    this.#size += 1;
    this.#turn = (this.#turn + 1) % STEPS;
    const end = () => {
      this.#release(caller);
      refuse(stream, error);
    };
    setTimeout(end, HOLD_MS + this.#turn * APART_MS).unref();
    return true;
  }

  #release(caller: string): void {
    this.#size -= 1;
    const left = (this.#held.get(caller) ?? 0) - 1;
    if (left > 0) this.#held.set(caller, left);
    else this.#held.delete(caller);
  }
}
