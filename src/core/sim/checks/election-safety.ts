// "At most one leader can be elected in a given term" (Raft Figure 3).

import type { NodeId, Term } from "../../base/ids.ts";
import { check } from "../violation.ts";

export class ElectionSafety {
  readonly #leaders = new Map<Term, NodeId>();

  /** Whether this leader is new. */
  leads(node: NodeId, term: Term): boolean {
    const known = this.#leaders.get(term);
    check(
      known === undefined || known === node,
      "election safety",
      () => `${known} and ${node} lead term ${term}`,
    );
    if (known !== undefined) return false;
    this.#leaders.set(term, node);
    return true;
  }

  get terms(): number {
    return this.#leaders.size;
  }
}
