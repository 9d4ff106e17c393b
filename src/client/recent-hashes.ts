// State hashes that nodes have reported lately, by index, so that they can be compared where all of them have
// been. Pure.

import type { NodeStatus } from "../core/wire/gen/fleet/v1/coordinator.ts";

const KEPT = 64;

export class RecentHashes {
  readonly #byNode = new Map<string, Map<number, string>>();

  /** `asked`: the index at which it was asked for its hash; 0 = none. */
  heard(address: string, status: NodeStatus, asked: number): void {
    const known = this.#byNode.get(address) ?? new Map<number, string>();
    this.#byNode.set(address, known);
    for (const { index, hash } of status.vitals?.checkpoints ?? []) known.set(index, hash);
    if (status.hashAt !== "") known.set(asked, status.hashAt);
    for (const index of known.keys()) {
      if (known.size <= KEPT) break;
      known.delete(index);
    }
  }

  /** The highest index at which all of these nodes reported theirs; null if they share no index. */
  common(addresses: readonly string[]): number | null {
    const [first = new Map<number, string>(), ...others] = addresses.map(
      (address) => this.#byNode.get(address) ?? new Map<number, string>(),
    );
    const shared = [...first.keys()].filter((index) => others.every((known) => known.has(index)));
    return shared.length === 0 ? null : Math.max(...shared);
  }

  /** By address, these nodes' hashes at the index. */
  at(index: number, addresses: readonly string[]): Map<string, string> {
    const told = addresses.map((address) => [address, this.#byNode.get(address)?.get(index) ?? ""] as const);
    return new Map(told.filter(([, hash]) => hash !== ""));
  }

  /**
   * The newest checkpoint that any other node has reported and that this one, with its applied index, can
   * know.
   */
  askFor(address: string, appliedIndex: number): number {
    const others = [...this.#byNode].filter(([other]) => other !== address);
    const indexes = others.flatMap(([, known]) => [...known.keys()]).filter((index) => index <= appliedIndex);
    return Math.max(0, ...indexes);
  }

  /** A node that is down or has restarted: its earlier hashes are not compared. */
  forget(address: string): void {
    this.#byNode.delete(address);
  }
}
