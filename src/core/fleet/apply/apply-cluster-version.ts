// Raises the cluster version. What must stay true: it never falls, and every member in the table at that
// entry has announced the version. The leader asked its peers before, but a member may have been added
// meanwhile.

import { assert } from "../../base/assert.ts";
import { MemberKind, type RaiseClusterVersion } from "../../wire/gen/fleet/v1/command.ts";
import { KNOWN_VERSION } from "../format.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";

/** Idempotent, so that every leader may try. */
export function raiseClusterVersion(
  state: FleetState,
  context: ApplyContext,
  { version, announced }: RaiseClusterVersion,
): Result {
  assert(version <= KNOWN_VERSION, "a command of an unknown format is not applied");
  const { members, clusterVersions } = state.tables;
  if (version <= state.clusterVersion) return unchanged(state.clusterVersion);
  const heard = new Map(announced.map((member) => [member.nodeId, member.version]));
  for (const { nodeId, name, wanted } of members.rows()) {
    if (wanted === MemberKind.REMOVED || (heard.get(nodeId) ?? 0) >= version) continue;
    return rejected("MEMBER_TOO_OLD", { node: nodeId, name, version });
  }
  clusterVersions.put({ version, sinceIndex: context.index, sinceMs: context.atMs });
  return changed(version);
}
