// A recovery from a lost quorum: one member goes on alone. Its row and the others' tombstones say so in the table, so
// that the roster agrees with the configuration and no number is used again. The rest of the state is kept as it is:
// bindings, sessions with their outcomes, the audit log.

import { MemberKind, type RecoverFleet } from "../wire/gen/fleet/v1/command.ts";
import { type ApplyContext, changed, type Result } from "./result.ts";
import type { FleetState } from "./state.ts";

/** Always a change, hence always audited: that it happened counts, even if the table was like this already. */
export function recoverFleet(
  state: FleetState,
  context: ApplyContext,
  { nodeId, address }: RecoverFleet,
): Result {
  const { members } = state.tables;
  for (const row of [...members.rows()]) {
    const isLeft = row.nodeId === nodeId;
    const wanted = isLeft ? MemberKind.VOTER : MemberKind.REMOVED;
    const reachedAt = isLeft && address !== "" ? address : row.address;
    if (row.wanted === wanted && row.address === reachedAt) continue;
    members.put({ ...row, wanted, address: reachedAt, version: context.index, sinceMs: context.atMs });
  }
  // Without a row of its own the fleet is older than its table: the first leader founds that, with itself alone.
  return changed(context.index);
}
