// One agent's stream: its frames in both directions, the time of its last frame, and its one end. The
// registry decides which cluster it may serve and what happens to the binding.

import type { ServerDuplexStream } from "@grpc/grpc-js";
import { assert } from "../base/assert.ts";
import type { MonotonicMs } from "../base/clock.ts";
import type { DemandTaken, SessionDown, SessionUp } from "../wire/gen/fleet/v1/shard.ts";
import type { RpcError } from "../wire/rpc-error.ts";

export type SessionCall = ServerDuplexStream<SessionUp, SessionDown>;

export interface SessionEvents {
  frame(session: Session, frame: SessionUp["frame"]): void;
  /** Called once a session, whichever side ended it. */
  ended(session: Session): void;
}

export class Session {
  readonly call: SessionCall;
  readonly #events: SessionEvents;
  readonly #now: () => MonotonicMs;
  /** Monotonic milliseconds of the last frame, or of the stream's start. */
  lastFrameMs: number;
  /** Null until the hello. */
  cluster: string | null = null;
  /** The agent's instance, from its hello. */
  instance = "";
  /** The last accepted roll-up, and the last message about the cluster's machines since; null = none yet. */
  demand: DemandTaken | null = null;
  #isEnded = false;

  constructor(call: SessionCall, events: SessionEvents, now: () => MonotonicMs) {
    this.call = call;
    this.#events = events;
    this.#now = now;
    this.lastFrameMs = now();
    call.on("data", (up: SessionUp) => this.#receive(up));
    call.on("end", () => this.end(null));
    call.on("cancelled", () => this.end(null));
    call.on("close", () => this.end(null));
    call.on("error", () => this.end(null));
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  send(frame: NonNullable<SessionDown["frame"]>): void {
    assert(!this.#isEnded, "nothing is sent on an ended session");
    if (this.call.write({ frame })) return;
    // An agent that sends faster than it reads the answers must not fill this process's memory.
    this.call.pause();
    this.call.once("drain", () => this.call.resume());
  }

  /** Ends the stream, with `error` as its status unless the agent left by itself. Later calls do nothing. */
  end(error: RpcError | null): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (error === null) this.call.end();
    else this.call.emit("error", error);
    this.#events.ended(this);
  }

  #receive(up: SessionUp): void {
    if (this.#isEnded) return;
    this.lastFrameMs = this.#now();
    this.#events.frame(this, up.frame);
  }
}
