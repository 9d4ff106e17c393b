// Which peers' processes are alive, by the frames that they send: this replaces the heartbeats of quiescent
// groups. Pure; time is counted in ticks.

import type { NodeId } from "../../base/ids.ts";

export class RecentPeers {
  readonly #silentAfter: number;
  /** For each peer that was ever heard, the tick of its last frame. */
  readonly #heardAt = new Map<NodeId, number>();
  readonly #silent = new Set<NodeId>();
  #ticks = 0;

  /** A peer without frames for this many ticks is silent. */
  constructor(silentAfter: number) {
    this.#silentAfter = silentAfter;
  }

  /** Returns the peers that have just become silent. */
  tick(): readonly NodeId[] {
    this.#ticks += 1;
    const fallen = [...this.#heardAt]
      .filter(([peer, at]) => this.#ticks - at > this.#silentAfter && !this.#silent.has(peer))
      .map(([peer]) => peer);
    for (const peer of fallen) this.#silent.add(peer);
    return fallen;
  }

  /** True if it was silent until now, or is heard for the first time. */
  heard(peer: NodeId): boolean {
    const isNews = this.#silent.delete(peer) || !this.#heardAt.has(peer);
    this.#heardAt.set(peer, this.#ticks);
    return isNews;
  }

  /** Its stream has closed, so earlier frames no longer prove that it lives. */
  lost(peer: NodeId): void {
    if (this.#heardAt.has(peer)) this.#silent.add(peer);
  }

  /** Whether it was heard lately. */
  hears(peer: NodeId): boolean {
    return this.#heardAt.has(peer) && !this.#silent.has(peer);
  }
}
