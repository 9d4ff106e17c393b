// A drill's effects on the links of a replica (ADR-0034). Without faults every frame passes at once.

import type { NodeId } from "../base/ids.ts";

export interface LinkFaults {
  /** How many milliseconds the next frame to the peer is late; null = it is lost. */
  outgoing(peer: NodeId): number | null;
  /** The same for the next frame from the peer. */
  incoming(peer: NodeId): number | null;
}

export const soundLinks: LinkFaults = { outgoing: () => 0, incoming: () => 0 };

/** Late frames of one link. They keep their order, because TCP keeps it. */
export class LateFrames {
  #lastDueMs = 0;

  /** Calls `pass` after `delayMs`, and after every frame before it. At once, if nothing is late. */
  later(delayMs: number, pass: () => void): void {
    const nowMs = performance.now();
    const dueMs = Math.max(this.#lastDueMs, nowMs + delayMs);
    if (delayMs === 0 && this.#lastDueMs <= nowMs) {
      pass();
      return;
    }
    this.#lastDueMs = dueMs;
    setTimeout(pass, dueMs - nowMs).unref();
  }
}
