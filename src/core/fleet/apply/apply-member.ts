// The replicas that the fleet wants. Rows only: the leader then changes the group's configuration one step at
// a time (ADR-0004). What must stay true: a used number belongs to one name and address for good. A replica that
// returns under a number takes part as its former holder.

import { isMemberNumber, MEMBER_NUMBER_MAX } from "../../base/ids.ts";
import {
  type FoundMembers,
  LogLevel,
  MemberKind,
  type MemberRecord,
  type NoteFence,
  type NoteKeyRotation,
  type NoteLogLevel,
  type NoteRebuild,
  type RemoveMember,
  type UpsertMember,
} from "../../wire/gen/fleet/v1/command.ts";
import { MEMBER_NUMBERS_VERSION } from "../format.ts";
import { MEMBERS_MAX } from "../limits.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState, FleetView } from "../state.ts";
import { checkAddress, checkNames } from "../validate.ts";

/** Idempotent, so that every leader that finds no rows may propose it. */
export function foundMembers(
  state: FleetState,
  context: ApplyContext,
  { members: founders }: FoundMembers,
): Result {
  const { members } = state.tables;
  if (members.size > 0) return unchanged(0);
  const numbers = new Set(founders.map((founder) => founder.nodeId));
  const names = new Set(founders.map((founder) => founder.name));
  if (founders.length === 0 || numbers.size !== founders.length || names.size !== founders.length) {
    return rejected("INVALID_MEMBERS");
  }
  for (const founder of founders) {
    const invalid = checkMember(state, founder);
    if (invalid !== null) return invalid;
  }
  for (const { nodeId, name, address, wanted } of founders) {
    members.put({ nodeId, name, address, wanted, version: context.index, sinceMs: context.atMs });
  }
  return changed(context.index);
}

export function upsertMember(state: FleetState, context: ApplyContext, operation: UpsertMember): Result {
  const refused = checkUpsert(state, operation);
  if (refused !== null) return refused;
  const { members } = state.tables;
  const { nodeId, name, address, wanted } = operation;
  const row = members.get(nodeId);
  if (row?.wanted === wanted) return unchanged(row.version);
  members.put({ nodeId, name, address, wanted, version: context.index, sinceMs: context.atMs });
  return changed(context.index);
}

export function removeMember(state: FleetState, context: ApplyContext, { nodeId }: RemoveMember): Result {
  const { members } = state.tables;
  const row = members.get(nodeId);
  if (row === undefined) return rejected("MEMBER_UNKNOWN", { node: nodeId });
  if (row.wanted === MemberKind.REMOVED) return unchanged(row.version);
  members.put({ ...row, wanted: MemberKind.REMOVED, version: context.index, sinceMs: context.atMs });
  return changed(context.index);
}

/** An operation on a member that changes no table: only the entry records it, and only for members. */
export function noteOfMember(
  state: FleetState,
  context: ApplyContext,
  { nodeId, name }: NoteRebuild | NoteKeyRotation | Omit<NoteLogLevel, "level">,
): Result {
  const row = state.tables.members.get(nodeId);
  const isMember = row !== undefined && row.wanted !== MemberKind.REMOVED && row.name === name;
  return isMember ? changed(context.index) : rejected("MEMBER_UNKNOWN", { node: name });
}

export function noteLogLevel(
  state: FleetState,
  context: ApplyContext,
  { level, ...member }: NoteLogLevel,
): Result {
  const isKnown = level !== LogLevel.UNSPECIFIED && level !== LogLevel.UNRECOGNIZED;
  return isKnown
    ? noteOfMember(state, context, member)
    : rejected("LOG_LEVEL_UNKNOWN", { node: member.name });
}

/** Reads no table: the replica that is to be fenced may have wrong ones. */
export function noteFence({ index }: ApplyContext, { name }: NoteFence): Result {
  return checkNames({ node: name }) ?? changed(index);
}

/** Why the state would refuse the operation now; null if it would accept it. Changes nothing. */
export function checkUpsert(view: FleetView, operation: UpsertMember): Result | null {
  const invalid = checkMember(view, operation);
  if (invalid !== null) return invalid;
  const { members } = view.tables;
  const { nodeId, name, address, wanted } = operation;
  const row = members.get(nodeId);
  if (row === undefined) return checkUnused(view, operation);
  if (row.wanted === MemberKind.REMOVED) {
    return rejected("MEMBER_REMOVED", { node: nodeId, name: row.name });
  }
  if (row.name !== name || row.address !== address) {
    return rejected("MEMBER_EXISTS", {
      ...{ node: nodeId, name: row.name, address: row.address, taken: "number" },
    });
  }
  if (row.wanted === MemberKind.VOTER && wanted === MemberKind.LEARNER) {
    return rejected("MEMBER_IS_VOTER", { node: nodeId, name });
  }
  return null;
}

function checkUnused({ tables }: FleetView, { name, address }: UpsertMember): Result | null {
  for (const row of tables.members.rows()) {
    if (row.wanted === MemberKind.REMOVED || (row.name !== name && row.address !== address)) continue;
    return rejected("MEMBER_EXISTS", {
      ...{ node: row.nodeId, name: row.name, address: row.address, taken: "name" },
    });
  }
  if (tables.members.size < MEMBERS_MAX) return null;
  return rejected("TOO_MANY_MEMBERS", { limit: MEMBERS_MAX });
}

function checkMember(
  { clusterVersion }: Pick<FleetView, "clusterVersion">,
  { nodeId, name, address, wanted }: Pick<MemberRecord, "nodeId" | "name" | "address" | "wanted">,
): Result | null {
  if (nodeId < 1) return rejected("INVALID_MEMBER", { field: "number" });
  if (clusterVersion >= MEMBER_NUMBERS_VERSION && !isMemberNumber(nodeId)) {
    return rejected("INVALID_MEMBER", { field: "number", limit: MEMBER_NUMBER_MAX });
  }
  if (wanted !== MemberKind.VOTER && wanted !== MemberKind.LEARNER) {
    return rejected("INVALID_MEMBER", { field: "wanted" });
  }
  return checkNames({ node: name }) ?? checkAddress(address);
}
