// Nodes of two builds in one run (ADR-0015). In some seeds some nodes begin with a build that knows cluster version 1
// only. They are restarted with this build later. What must stay true: an older node never gets an entry that it does
// not know, and the hashes agree throughout. Such a node would stop with FORMAT_UNKNOWN, which no fault explains.
// Deliberately absent: the older build's code. Its replica is this one's, and stops at what it does not know.

import type { NodeId } from "../base/ids.ts";
import { FIRST_VERSION, KNOWN_VERSION } from "../fleet/format.ts";
import { Chance } from "./chance.ts";
import type { EventQueue } from "./event-queue.ts";
import type { Swarm } from "./swarm.ts";

const MIXED_PERMILLE = 300;
const OLDER_PERMILLE = 600;
const RESTART_MS = 300;

interface UpgradedNode {
  readonly id: NodeId;
  /** Also while its process reads its disk. */
  readonly isStarted: boolean;
  crash(isSeen: boolean): void;
  start(): void;
}

export class Builds {
  readonly #queue: EventQueue;
  readonly #upgradeAtMs = new Map<number, number>();

  constructor({ seed, voters, spares, durationMs, hasTable }: Swarm, queue: EventQueue) {
    this.#queue = queue;
    const chance = Chance.of(seed, "builds");
    if (!hasTable || !chance.permille(MIXED_PERMILLE)) return;
    for (let id = 1; id <= voters + spares; id += 1) {
      if (!chance.permille(OLDER_PERMILLE)) continue;
      this.#upgradeAtMs.set(id, chance.between(Math.floor(durationMs / 10), durationMs));
    }
  }

  /** The cluster version that the node's build knows, were it started now. */
  knownBy(node: NodeId): number {
    return this.#queue.nowMs < (this.#upgradeAtMs.get(node) ?? 0) ? FIRST_VERSION : KNOWN_VERSION;
  }

  /** Each older node gets the newer build when its time has come; one that is down then starts with it. */
  upgrade(nodes: readonly UpgradedNode[]): void {
    for (const node of nodes) {
      const atMs = this.#upgradeAtMs.get(node.id);
      if (atMs === undefined) continue;
      this.#queue.after(atMs, () => {
        if (!node.isStarted) return;
        node.crash(true);
        this.#queue.after(RESTART_MS, () => node.start());
      });
    }
  }
}
