// The groups besides the fleet's own: this replica's view of them, and writes to them (ADR-0008).

import { status } from "@grpc/grpc-js";
import { groupId } from "../../base/ids.ts";
import type {
  GroupView,
  ListGroupsResponse,
  WriteGroupRequest,
  WriteGroupResponse,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { diskFull, refusalError } from "../calls/refusals.ts";
import { GROUP_ENTRY_BYTES_MAX } from "../group/group-limits.ts";
import { ROLES } from "./status.ts";

export function listGroups({ groups, host }: ServiceContext): ListGroupsResponse {
  const views = [...groups.values()].map((hosted): GroupView => {
    const { group, kind, driver } = hosted;
    const { role, term, leader, commit, config } = driver.status();
    return {
      groupId: group,
      role: ROLES[role],
      term,
      leaderId: leader,
      commitIndex: commit,
      appliedIndex: driver.appliedIndex,
      quiescent: host.isQuiescent(group),
      tally: hosted.kind === "tally" ? hosted.machine.tally : undefined,
      kind,
      voters: [...config.voters],
      learners: [...config.learners],
    };
  });
  return { groups: views };
}

export async function writeGroup(
  { clusterId, groups, replicas, disk }: ServiceContext,
  request: WriteGroupRequest,
  caller: Caller,
): Promise<WriteGroupResponse> {
  const group = groups.get(groupId(request.groupId));
  if (group === undefined || group.kind !== "tally") {
    const message = `this replica hosts no group ${request.groupId} of kind tally`;
    throw rpcError(status.NOT_FOUND, "GROUP_UNKNOWN", message);
  }
  const bytes = request.data.length;
  if (bytes === 0 || bytes > GROUP_ENTRY_BYTES_MAX) {
    const message = `an entry has 1 to ${GROUP_ENTRY_BYTES_MAX} bytes, not ${bytes}`;
    throw rpcError(status.INVALID_ARGUMENT, "ENTRY_SIZE", message);
  }
  if (disk.isFull) throw diskFull();
  const settled = await group.driver.propose(request.data, caller.deadline);
  if (!settled.ok) throw refusalError({ clusterId, driver: group.driver, replicas }, settled.refusal);
  const { index, term, result } = settled;
  return { index, term, tally: result };
}
