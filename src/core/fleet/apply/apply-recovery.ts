// A recovery from a lost quorum: one member continues alone. Its row and the others' tombstones are in the
// table, so that the roster agrees with the configuration and no number is used again. Shards may have obeyed
// entries that only the lost members knew, so all later instructions must be newer than those. The rest of
// the state stays: owners, sessions with their outcomes, the audit log.

import type { Incarnation } from "../../base/incarnation.ts";
import { InstructionKind, MemberKind, type RecoverFleet } from "../../wire/gen/fleet/v1/command.ts";
import { INCARNATIONS_VERSION } from "../format.ts";
import { type ApplyContext, changed, type Result } from "../result.ts";
import type { FleetState } from "../state.ts";
import { instruct } from "./apply-instruction.ts";

/**
 * Always a change, so always audited: the fact of the recovery counts, even if the table was like this
 * already.
 */
export function recoverFleet(
  state: FleetState,
  context: ApplyContext,
  { nodeId, address, incarnation, formerClusterId, lostGroups }: RecoverFleet,
): Result {
  // Entries of format 1 carry none.
  if (incarnation !== undefined) beginIncarnation(state, context, incarnation, formerClusterId);
  const { members } = state.tables;
  for (const row of [...members.rows()]) {
    const isLeft = row.nodeId === nodeId;
    const wanted = isLeft ? MemberKind.VOTER : MemberKind.REMOVED;
    const reachedAt = isLeft && address !== "" ? address : row.address;
    if (row.wanted === wanted && row.address === reachedAt) continue;
    members.put({ ...row, wanted, address: reachedAt, version: context.index, sinceMs: context.atMs });
  }
  for (const group of lostGroups) state.tables.groups.remove(group);
  raiseBindings(state, context);
  tellDomainsAgain(state, context);
  // If the member has no row, the fleet is older than its members' table: the first leader creates it, with
  // only itself.
  return changed(context.index);
}

// The remaining member knows the version that records incarnations: its build wrote this entry.
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

// A shard obeys a binding's version only if it is newer than the last one that it obeyed: a log index, too.
function raiseBindings({ tables }: FleetState, context: ApplyContext): void {
  for (const row of [...tables.bindings.rows()]) {
    tables.bindings.put({ ...row, version: context.index });
  }
}

// An instruction's sequence is its log index, and all indexes of the new log are above the old one's. A
// domain may have moved in a lost entry: then its former owner gets the instruction again. The new owner is
// not known here; it releases the domain after it has reported what it holds (ADR-0013).
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
