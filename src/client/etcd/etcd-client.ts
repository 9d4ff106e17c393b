// The client of any server that speaks etcd's v3 API. It takes the endpoints in turn. What must stay true: a call
// never outlives its deadline, and a write is repeated only if it was certainly not applied.

import { present } from "../../core/base/assert.ts";
import { backoffMs } from "../../core/base/backoff.ts";
import { type MonotonicMs, systemClock } from "../../core/base/clock.ts";
import { systemWaitClock, type WaitClock } from "../../core/base/wait-clock.ts";
import { leaderRequired } from "../../core/wire/etcd/etcd-channel.ts";
import { readRpcError } from "../../core/wire/rpc-error.ts";
import type { CallLimits } from "../../core/wire/unary.ts";
import type { EtcdTls } from "../context/target.ts";
import { isTlsFailure } from "../failure-words.ts";
import { answeredError, type CallKind, noAnswer, verdictOf } from "./etcd-errors.ts";
import { EtcdNode } from "./etcd-node.ts";

// An endpoint that is down is left after this long, so that the others are asked within a call's deadline.
const CONNECT_MS = 1_000;
const READ_ATTEMPT_MS = 2_000;
const DOWN_MS = 50;
const BACKOFF = { initialMs: 50, maxMs: 1_000 };

export type Ask<Answer> = (node: EtcdNode, limits: CallLimits) => Promise<Answer>;

/** Limits of one call. */
export interface CallOptions {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export class EtcdClient {
  readonly nodes: readonly EtcdNode[];
  readonly #deadlineMs: number;
  readonly #clock: WaitClock;
  #turn = 0;

  constructor(
    addresses: readonly string[],
    tls: EtcdTls,
    deadlineMs: number,
    clock: WaitClock = systemWaitClock,
  ) {
    this.nodes = addresses.map((address) => new EtcdNode(address, tls));
    this.#deadlineMs = deadlineMs;
    this.#clock = clock;
  }

  read<Answer>(ask: Ask<Answer>, options?: CallOptions): Promise<Answer> {
    return this.#call("read", ask, options);
  }

  write<Answer>(ask: Ask<Answer>, options?: CallOptions): Promise<Answer> {
    return this.#call("write", ask, options);
  }

  /** The next endpoint in turn that is connected; null after one round without any. */
  async connectedNode(signal?: AbortSignal): Promise<EtcdNode | null> {
    for (let tried = 0; tried < this.nodes.length && signal?.aborted !== true; tried += 1) {
      const node = this.#next();
      if (await node.isReady(systemClock.monotonicMs() + CONNECT_MS)) {
        // The next call stays where a connection exists.
        this.#stayAt(node);
        return node;
      }
    }
    return null;
  }

  /** Begin with another endpoint next time, since this one has failed. */
  leave(node: EtcdNode | null): void {
    if (node !== null && this.nodes[this.#turn % this.nodes.length] === node) this.#turn += 1;
  }

  close(): void {
    for (const node of this.nodes) node.close();
  }

  async #call<Answer>(kind: CallKind, ask: Ask<Answer>, options: CallOptions = {}): Promise<Answer> {
    const { deadlineMs = this.#deadlineMs, signal } = options;
    const endMs = this.#clock.now() + deadlineMs;
    let last: unknown = null;
    for (let failures = 0; ; failures += 1) {
      const node = this.#next();
      const isUp = await node.isReady(Math.min(endMs, this.#clock.now() + CONNECT_MS));
      // The call to an endpoint that is down fails before it is sent, and says why.
      const attemptMs = isUp ? this.#attemptMs(kind, endMs) : this.#clock.now() + DOWN_MS;
      try {
        const answer = await ask(node, limitsOf(attemptMs, signal));
        this.#stayAt(node);
        return answer;
      } catch (error) {
        const failure = readRpcError(error);
        const verdict = verdictOf(failure, kind);
        if (verdict === "final") throw answeredError(failure, node.address, error);
        if (verdict === "unknown") throw noAnswer(error, kind, true, node.address);
        last = error;
      }
      const waitMs = (failures + 1) % this.nodes.length === 0 ? this.#pauseMs(failures) : 0;
      if (this.#clock.now() + waitMs >= endMs || signal?.aborted === true) {
        // A certificate is one node's; that there is no answer is a fact about all.
        const told = isTlsFailure(readRpcError(last)) ? [node] : this.nodes;
        throw noAnswer(last, kind, false, told.map(({ address }) => address).join(", "));
      }
      if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
    }
  }

  /** Reads may be tried elsewhere; a write that was sent keeps its endpoint until the deadline. */
  #attemptMs(kind: CallKind, endMs: MonotonicMs): MonotonicMs {
    return kind === "write" ? endMs : Math.min(endMs, this.#clock.now() + READ_ATTEMPT_MS);
  }

  #pauseMs(failures: number): number {
    return backoffMs(Math.floor(failures / this.nodes.length), BACKOFF, Math.random());
  }

  // By its place and not by counting back: calls that run at once would count back further than forth.
  #stayAt(node: EtcdNode): void {
    this.#turn = this.nodes.indexOf(node);
  }

  #next(): EtcdNode {
    const at = this.#turn % this.nodes.length;
    this.#turn = at + 1;
    return present(this.nodes[at], "a client has at least one endpoint");
  }
}

function limitsOf(endMs: MonotonicMs, signal: AbortSignal | undefined): CallLimits {
  return { endMs, metadata: leaderRequired(), ...(signal === undefined ? {} : { signal }) };
}
