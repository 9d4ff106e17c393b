// Which Raft groups exist beside the fleet's own (ADR-0049). What must stay true: what a group's row says of its creation
// never changes. Only a recovery removes one, with the last copy of the group. So each replica decides alone, by this row,
// whether it may have been one of the group's first voters. There is one key space: two members that took different
// groups for it would acknowledge writes that the other never sees.

import { assert } from "../../base/assert.ts";
import { isMemberNumber } from "../../base/ids.ts";
import { REVISIONS_MIN, WINDOW_DAYS_MAX } from "../../base/retention-rule.ts";
import {
  type CreateGroup,
  type FoundGroups,
  GroupKind,
  type SetKeyRetention,
} from "../../wire/gen/fleet/v1/command.ts";
import { groupKindName } from "../group-kind-name.ts";
import { GROUP_NUMBER_MAX, GROUPS_MAX, MEMBERS_MAX } from "../limits.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";

export function createGroup(
  { tables }: FleetState,
  { index, atMs }: ApplyContext,
  { groupId, kind, founders }: CreateGroup,
): Result {
  if (!isGroupNumber(groupId)) return rejected("INVALID_GROUP", { field: "number" });
  if (groupKindName(kind) === "unknown") return rejected("INVALID_GROUP", { field: "kind" });
  const isEach = new Set(founders).size === founders.length && founders.every(isMemberNumber);
  if (founders.length === 0 || founders.length > MEMBERS_MAX || !isEach) {
    return rejected("INVALID_GROUP", { field: "founders" });
  }
  if (tables.groups.get(groupId) !== undefined) return rejected("GROUP_EXISTS", { group: groupId });
  const keys = kind === GroupKind.KEYS ? keySpaceOf(tables) : undefined;
  if (keys !== undefined) return rejected("GROUP_EXISTS", { group: keys });
  if (tables.groups.size >= GROUPS_MAX) return rejected("TOO_MANY_GROUPS", { limit: GROUPS_MAX });
  tables.groups.put({
    groupId,
    kind,
    founders: founders.toSorted((a, b) => a - b),
    version: index,
    sinceMs: atMs,
    ...KEEP_ALL,
  });
  return changed(index);
}

/** The leader of the key space's group follows (coordinator/etcd/retention-keeper.ts). */
export function setKeyRetention(
  { tables }: FleetState,
  { index }: ApplyContext,
  { windowMs, revisionsMax }: SetKeyRetention,
): Result {
  if (windowMs > WINDOW_MS_MAX) return rejected("INVALID_RETENTION", { field: "window" });
  const isTooSmall = revisionsMax !== 0 && revisionsMax < REVISIONS_MIN;
  if (isTooSmall) return rejected("INVALID_RETENTION", { field: "revisions" });
  const groupId = keySpaceOf(tables);
  const row = groupId === undefined ? undefined : tables.groups.get(groupId);
  if (row === undefined) return rejected("NO_KEY_SPACE", {});
  if (row.keyWindowMs === windowMs && row.keyRevisionsMax === revisionsMax) return unchanged(row.version);
  tables.groups.put({ ...row, keyWindowMs: windowMs, keyRevisionsMax: revisionsMax });
  return changed(index);
}

/** Idempotent: each leader that hosts a group without a row may propose it. */
export function foundGroups(
  { tables }: FleetState,
  { index, atMs }: ApplyContext,
  { groupIds, kind }: FoundGroups,
): Result {
  if (!groupIds.every(isGroupNumber)) return rejected("INVALID_GROUP", { field: "number" });
  if (groupKindName(kind) === "unknown") return rejected("INVALID_GROUP", { field: "kind" });
  const missing = [...new Set(groupIds)].filter((id) => tables.groups.get(id) === undefined);
  const keys = kind === GroupKind.KEYS ? (keySpaceOf(tables) ?? missing[1]) : undefined;
  if (missing.length > 0 && keys !== undefined) return rejected("GROUP_EXISTS", { group: keys });
  if (tables.groups.size + missing.length > GROUPS_MAX) {
    return rejected("TOO_MANY_GROUPS", { limit: GROUPS_MAX });
  }
  for (const groupId of missing)
    tables.groups.put({ groupId, kind, founders: [], version: index, sinceMs: atMs, ...KEEP_ALL });
  assert(tables.groups.size <= GROUPS_MAX, "a process can host every group");
  return missing.length === 0 ? unchanged(index) : changed(index);
}

function keySpaceOf({ groups }: FleetState["tables"]): number | undefined {
  for (const { groupId, kind } of groups.rows()) if (kind === GroupKind.KEYS) return groupId;
  return undefined;
}

/** 0 is the fleet's own group. */
const isGroupNumber = (id: number): boolean => Number.isSafeInteger(id) && id >= 1 && id <= GROUP_NUMBER_MAX;

/** History is kept until it is compacted. */
const KEEP_ALL = { keyWindowMs: 0, keyRevisionsMax: 0 };
const WINDOW_MS_MAX = WINDOW_DAYS_MAX * 86_400_000;
