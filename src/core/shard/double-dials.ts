// Second agents of a cluster that has a live session: which may take over, and which were refused lately.
// Pure: time is a parameter. Must stay true: another agent never ends a live agent's session. An agent whose
// connection broke gets in at once, because it is the same agent.

import type { DoubleDial } from "../wire/gen/fleet/v1/coordinator.ts";

// An agent waits at most 30 s between its dials: one that is silent for longer has stopped.
const LATELY_MS = 45_000;

/**
 * Whether the dialing agent is the one with the live session. An agent without an instance id is never the
 * same.
 */
export function isSameAgent(livingInstance: string, dialingInstance: string): boolean {
  return dialingInstance !== "" && livingInstance === dialingInstance;
}

interface Refused {
  readonly from: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export class DoubleDials {
  readonly #refused = new Map<string, Refused>();

  /** Notes a refused dial; returns whether it is the first one lately. */
  note(cluster: string, from: string, nowMs: number): boolean {
    const before = this.#lately(cluster, nowMs);
    const firstMs = before?.firstMs ?? nowMs;
    this.#refused.set(cluster, { from, count: (before?.count ?? 0) + 1, firstMs, lastMs: nowMs });
    return before === undefined;
  }

  /** The old session has ended and another agent took over: there is no second agent any more. */
  forget(cluster: string): void {
    this.#refused.delete(cluster);
  }

  isContested(cluster: string, nowMs: number): boolean {
    return this.#lately(cluster, nowMs) !== undefined;
  }

  /** By cluster; old entries are removed. */
  recent(nowMs: number): DoubleDial[] {
    for (const cluster of [...this.#refused.keys()]) {
      if (!this.isContested(cluster, nowMs)) this.#refused.delete(cluster);
    }
    return [...this.#refused]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([clusterId, { from, count, firstMs, lastMs }]) => ({
        ...{ clusterId, from, count },
        ...{ firstAgeMs: Math.round(nowMs - firstMs), lastAgeMs: Math.round(nowMs - lastMs) },
      }));
  }

  #lately(cluster: string, nowMs: number): Refused | undefined {
    const refused = this.#refused.get(cluster);
    return refused !== undefined && nowMs - refused.lastMs <= LATELY_MS ? refused : undefined;
  }
}
