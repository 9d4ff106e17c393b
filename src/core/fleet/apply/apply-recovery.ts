// A recovery from a lost quorum: one member goes on alone. Its row and the others' tombstones say so in the table, so
// that the roster agrees with the configuration and no number is used again. Shards may have obeyed what the lost
// members knew: what they are told from now on must be newer than that. The rest of the state is kept as it is:
// who owns what, sessions with their outcomes, the audit log.

import type { Incarnation } from "../../base/incarnation.ts";
import { InstructionKind, MemberKind, type RecoverFleet } from "../../wire/gen/fleet/v1/command.ts";
import { INCARNATIONS_VERSION } from "../format.ts";
import { type ApplyContext, changed, type Result } from "../result.ts";
import type { FleetState } from "../state.ts";
import { instruct } from "./apply-instruction.ts";

/** Always a change, hence always audited: that it happened counts, even if the table was like this already. */
export function recoverFleet(
  state: FleetState,
  context: ApplyContext,
  { nodeId, address, incarnation, formerClusterId }: RecoverFleet,
): Result {
  // Entries of format 1 bring none.
  if (incarnation !== undefined) beginIncarnation(state, context, incarnation, formerClusterId);
  const { members } = state.tables;
  for (const row of [...members.rows()]) {
    const isLeft = row.nodeId === nodeId;
    const wanted = isLeft ? MemberKind.VOTER : MemberKind.REMOVED;
    const reachedAt = isLeft && address !== "" ? address : row.address;
    if (row.wanted === wanted && row.address === reachedAt) continue;
    members.put({ ...row, wanted, address: reachedAt, version: context.index, sinceMs: context.atMs });
  }
  raiseBindings(state, context);
  tellDomainsAgain(state, context);
  // Without a row of its own the fleet is older than its table: the first leader founds that, with itself alone.
  return changed(context.index);
}

// The one member that is left knows the version that records incarnations: it is the build that wrote this entry.
function beginIncarnation(
  { tables, clusterVersion }: FleetState,
  context: ApplyContext,
  incarnation: Incarnation,
  formerId: string,
): void {
  const since = { sinceIndex: context.index, sinceMs: context.atMs };
  tables.incarnations.put({ ...incarnation, formerId, ...since });
  if (clusterVersion < INCARNATIONS_VERSION)
    tables.clusterVersions.put({ version: INCARNATIONS_VERSION, ...since });
}

// A shard obeys a binding's version only if it is newer than the last that it obeyed: a log index too.
function raiseBindings({ tables }: FleetState, context: ApplyContext): void {
  for (const row of [...tables.bindings.rows()]) {
    tables.bindings.put({ ...row, version: context.index });
  }
}

// An instruction's sequence is its log index, and the new log's are above all of the old one's. A domain that was moved
// in a lost entry is told to its former owner again; whom it was moved to is not known here, and lets go of it when it has
// told what it holds (ADR-0013).
function tellDomainsAgain(state: FleetState, context: ApplyContext): void {
  const { domains, instructions } = state.tables;
  let ordinal = 0;
  for (const { shardId, key, value, kind } of [...instructions.rows()]) {
    if (kind === InstructionKind.ASSIGN_DOMAIN) continue;
    instruct(state, context, { shardId, key, value, kind, ordinal });
    ordinal += 1;
  }
  for (const { shardId, key, value } of [...domains.rows()]) {
    instruct(state, context, { shardId, key, value, kind: InstructionKind.ASSIGN_DOMAIN, ordinal });
    ordinal += 1;
  }
}
