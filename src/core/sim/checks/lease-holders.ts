// At most one leader answers reads from its lease (Raft §6.4.1): two would not know of each other's writes. Looked
// at directly, since a stale read has to be asked for at the right moment to show it.

import type { NodeId } from "../../base/ids.ts";
import { check } from "../violation.ts";

export class LeaseHolders {
  readonly #holders = new Set<NodeId>();

  /** After each step of the node: whether it would answer a read from its lease now. */
  observes(node: NodeId, readsByLease: boolean): void {
    if (readsByLease) this.#holders.add(node);
    else this.#holders.delete(node);
    check(this.#holders.size <= 1, "one lease", () => `${[...this.#holders].join(" and ")} hold leases`);
  }
}
