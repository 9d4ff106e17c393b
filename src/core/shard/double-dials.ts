// Second agents of a cluster whose session lives: who may take over, and who was refused lately. Pure: time is a
// parameter. Must stay true: a live agent is never thrown out by another one, and an agent whose connection broke
// gets in at once, since it is the same agent.

import type { DoubleDial } from "../wire/gen/fleet/v1/coordinator.ts";

// An agent waits at most 30 s between its dials: who has been quiet for longer has given up.
const LATELY_MS = 45_000;

/** Whether the agent that dials is the one whose session lives. An agent that names no instance is nobody's twin. */
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

  /** Remembers a refused dial; whether it is the first one lately. */
  note(cluster: string, from: string, nowMs: number): boolean {
    const before = this.#lately(cluster, nowMs);
    const firstMs = before?.firstMs ?? nowMs;
    this.#refused.set(cluster, { from, count: (before?.count ?? 0) + 1, firstMs, lastMs: nowMs });
    return before === undefined;
  }

  /** The session that lived is over, and another agent took its place: there is no second one any more. */
  forget(cluster: string): void {
    this.#refused.delete(cluster);
  }

  isContested(cluster: string, nowMs: number): boolean {
    return this.#lately(cluster, nowMs) !== undefined;
  }

  /** By cluster; those of long ago are forgotten. */
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
