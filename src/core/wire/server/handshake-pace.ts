// When a new connection's TLS handshake may begin (ADR-0074). A handshake takes a millisecond before anything is known of
// its caller. Callers that fail in it again and again could use up a core. What must stay true: connections of a network that owes for such (refused-callers.ts) begin their handshakes one after another.
// Those for which there is no time soon are closed, which costs little. Networks that owe nothing wait for nothing.

import type { MonotonicMs } from "../../base/clock.ts";
import { networkOf } from "./network-of.ts";
import type { RefusedCallers } from "./refused-callers.ts";

/** Fifty a second: some 0.1 s of CPU time. */
export const APART_MS = 20;
/** As long as a handshake itself may take. */
const WAIT_MS_MAX = 5_000;
const NETWORKS_MAX = 10_000;

type Refused = Pick<RefusedCallers, "owedMs" | "note">;

export class HandshakePace {
  readonly #now: () => MonotonicMs;
  /** Of networks that owe, when the next handshake may begin. */
  readonly #nextMs = new Map<string, number>();

  constructor(now: () => MonotonicMs) {
    this.#now = now;
  }

  /** How long a connection from this address waits; null = it is closed. */
  waitMs(from: string, refused: Refused): number | null {
    const network = networkOf(from);
    if (refused.owedMs(network) === 0) return 0;
    refused.note(network, from, "handshake");
    const nowMs = this.#now();
    const atMs = Math.max(nowMs, this.#nextMs.get(network) ?? nowMs);
    if (atMs - nowMs > WAIT_MS_MAX) return null;
    if (!this.#nextMs.has(network) && this.#nextMs.size >= NETWORKS_MAX) this.#forget(nowMs);
    this.#nextMs.set(network, atMs + APART_MS);
    return atMs - nowMs;
  }

  /** Bounded memory comes before exact waits. */
  #forget(nowMs: MonotonicMs): void {
    for (const [network, atMs] of this.#nextMs) if (atMs <= nowMs) this.#nextMs.delete(network);
    if (this.#nextMs.size >= NETWORKS_MAX) this.#nextMs.clear();
  }
}
