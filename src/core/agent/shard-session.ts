// One session with one shard, from the dial to its end: pings, roll-ups of the cluster's demand, and the
// leave of an agent that moves. agent.ts decides which shard to dial and when.

import type { DemandGroup, SessionAccepted, SessionDown, SessionUp } from "../wire/gen/fleet/v1/shard.ts";
import type { RpcFailure } from "../wire/rpc-error.ts";
import { readRpcError } from "../wire/rpc-error.ts";
import { SESSION_PROTOCOL_VERSION } from "../wire/session-protocol.ts";
import type { LeaveLimits, Leaving, MayGo } from "./leaving.ts";
import { hear, mayGo } from "./leaving.ts";
import type { OpenedStream } from "./shard-stream.ts";

// A shard that answers none of this many pings counts as dead.
const PINGS_UNANSWERED_MAX = 3;

export interface SessionTuning {
  readonly pingIntervalMs: number;
  readonly rollupIntervalMs: number;
  readonly leave: LeaveLimits;
}

export interface SessionOptions {
  readonly cluster: string;
  readonly instance: string;
  readonly opened: OpenedStream;
  /** The cluster's present demand. */
  readonly demand: () => readonly DemandGroup[];
  readonly tuning: SessionTuning;
  readonly accepted: (by: SessionAccepted) => void;
}

/** `left`: the agent left by itself. A failure of null: the shard closed the session without an error. */
export type SessionEnd =
  | { readonly kind: "left"; readonly why: Extract<MayGo, { go: true }>["why"] | "asked" }
  | { readonly kind: "failed"; readonly failure: RpcFailure | null };

export class ShardSession {
  /** Never rejects. */
  readonly ended: Promise<SessionEnd>;
  readonly #options: SessionOptions;
  readonly #end: (end: SessionEnd) => void;
  readonly #pinging: NodeJS.Timeout;
  #rollingUp: NodeJS.Timeout | undefined;
  #asking: NodeJS.Timeout | undefined;
  #isAccepted = false;
  #isOver = false;
  #pings = 0;
  #unanswered = 0;
  #rollups = 0;
  #leaving: Leaving | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<SessionEnd>();
    this.ended = promise;
    this.#end = resolve;
    this.#pinging = setInterval(() => this.#ping(), options.tuning.pingIntervalMs);
    const { stream } = options.opened;
    stream.on("data", (down: SessionDown) => this.#receive(down.frame));
    stream.on("error", (error: Error) => this.#finish({ kind: "failed", failure: readRpcError(error) }));
    stream.on("end", () => this.#finish({ kind: "failed", failure: null }));
    const { cluster: clusterId, instance: instanceId } = options;
    const hello = { clusterId, instanceId, protocolVersion: SESSION_PROTOCOL_VERSION };
    this.#send({ $case: "hello", value: hello });
  }

  /** Sends the present demand; an agent that was leaving stays. */
  tellDemand(): void {
    this.#leaving = null;
    clearTimeout(this.#asking);
    this.#rollUp();
  }

  /**
   * Takes the demand back, waits until the shard has reclaimed the machines or a limit passes, and ends the
   * session.
   */
  leave(): void {
    if (this.#leaving !== null) return;
    if (!this.#isAccepted) {
      this.close();
      return;
    }
    this.#leaving = { beganMs: performance.now(), rollup: this.#rollups + 1, machines: null };
    this.#rollUp();
    this.#askToGo();
  }

  /** Ends it at once without taking the demand back: the agent will return. */
  close(): void {
    this.#finish({ kind: "left", why: "asked" });
  }

  #receive(frame: SessionDown["frame"]): void {
    this.#unanswered = 0;
    switch (frame?.$case) {
      case "accepted":
        this.#isAccepted = true;
        this.#options.accepted(frame.value);
        this.#rollUp();
        this.#rollingUp = setInterval(() => this.#rollUp(), this.#options.tuning.rollupIntervalMs);
        return;
      case "demandTaken":
        if (this.#leaving === null) return;
        this.#leaving = hear(this.#leaving, frame.value);
        this.#askToGo();
        return;
      case "pong":
      case undefined:
        return;
    }
  }

  #askToGo(): void {
    clearTimeout(this.#asking);
    if (this.#leaving === null || this.#isOver) return;
    const answer = mayGo(this.#leaving, this.#options.tuning.leave, performance.now());
    if (answer.go) this.#finish({ kind: "left", why: answer.why });
    else this.#asking = setTimeout(() => this.#askToGo(), answer.askAgainMs);
  }

  #rollUp(): void {
    if (!this.#isAccepted) return;
    this.#rollups += 1;
    const groups = this.#leaving === null ? [...this.#options.demand()] : [];
    this.#send({ $case: "demand", value: { number: this.#rollups, groups } });
  }

  #ping(): void {
    if (this.#unanswered >= PINGS_UNANSWERED_MAX) this.#options.opened.stream.cancel();
    this.#unanswered += 1;
    if (!this.#isAccepted) return;
    this.#pings += 1;
    this.#send({ $case: "ping", value: { number: this.#pings } });
  }

  #send(frame: NonNullable<SessionUp["frame"]>): void {
    if (!this.#isOver) this.#options.opened.stream.write({ frame });
  }

  #finish(end: SessionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#pinging);
    clearInterval(this.#rollingUp);
    clearTimeout(this.#asking);
    if (end.kind === "left") this.#options.opened.stream.cancel();
    this.#options.opened.close();
    this.#end(end);
  }
}
