// Whether a member may be removed: pure. If a removal left fewer answering voters than the remaining quorum,
// the fleet would stop, and the operator would learn it too late. So it is refused, with the numbers.

import type { NodeId } from "../../base/ids.ts";

export interface RemovalView {
  readonly voters: readonly NodeId[];
  /** Voters that answer the leader, including itself. */
  readonly answering: ReadonlySet<NodeId>;
  readonly nameOf: (id: NodeId) => string;
}

/** Why `node` must not be removed now, in a sentence without a full stop; null if it may be. */
export function removalProblem(view: RemovalView, node: NodeId): string | null {
  const { voters, answering, nameOf } = view;
  if (!voters.includes(node)) return null;
  const remaining = voters.filter((voter) => voter !== node);
  if (remaining.length === 0) return `${nameOf(node)} is the only voter`;
  const quorum = Math.floor(remaining.length / 2) + 1;
  const up = remaining.filter((voter) => answering.has(voter));
  if (up.length >= quorum) return null;
  const down = remaining.filter((voter) => !answering.has(voter));
  const verb = (count: number, one: string, many: string) => (count === 1 ? one : many);
  const list = (ids: readonly NodeId[]) => ids.map(nameOf).join(", ");
  return (
    `without ${nameOf(node)} the voters are ${list(remaining)}; their quorum is ${quorum} of ${remaining.length}, ` +
    `and only ${up.length} of them ${verb(up.length, "answers", "answer")}: ${list(down)} ${verb(down.length, "does", "do")} not`
  );
}
