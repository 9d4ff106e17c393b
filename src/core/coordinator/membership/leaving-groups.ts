// A removal is done when no group has the member any more (ADR-0049). The fleet's own group comes first, and the
// leaders of the others follow its table; this waits for them. What must stay true: the caller is not told that
// a member is removed while a group may still need its vote.

import { status } from "@grpc/grpc-js";
import { type NodeId, nodeId } from "../../base/ids.ts";
import { MemberKind } from "../../wire/gen/fleet/v1/command.ts";
import type { ChangeMembershipRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { findRemoved, nameIn } from "./membership-steps.ts";
import { removalProblem } from "./removal.ts";

const LOOK_EVERY_MS = 20;
const GROUPS_NAMED = 5;

/** Throws a retryable error if a group still has the member that the change removes when the caller's time is up. */
export async function leftAllGroups(
  context: ServiceContext,
  { change }: Pick<ChangeMembershipRequest, "change">,
  caller: Caller,
): Promise<void> {
  if (change?.$case !== "remove" && change?.$case !== "replace") return;
  const row = findRemoved(context, change.value.name);
  if (row?.wanted !== MemberKind.REMOVED) return;
  const id = nodeId(row.nodeId);
  for (;;) {
    const groups = context.groupsWith(id);
    if (groups.length === 0) return;
    if (context.clock.monotonicMs() >= caller.deadline) throw stillIn(row.name, groups);
    await context.sleep(LOOK_EVERY_MS);
  }
}

function stillIn(name: string, groups: readonly number[]) {
  const named = groups.slice(0, GROUPS_NAMED).join(", ");
  const more = groups.length > GROUPS_NAMED ? ` and ${groups.length - GROUPS_NAMED} more` : "";
  const message =
    `${name} has left the fleet's own group, and is still in group ${named}${more}. ` +
    "Keep it running: leaders remove it once a quorum without it answers";
  return rpcError(status.UNAVAILABLE, "GROUPS_LEAVING", message, { groups: String(groups.length) });
}

/** Why a group could not continue without the member, as far as its configuration is known here; null if all can. */
export function groupProblem(
  context: ServiceContext,
  id: NodeId,
  answering: ReadonlySet<NodeId>,
): string | null {
  for (const group of context.groupsWith(id)) {
    const { voters = [] } = context.groups.get(group)?.driver.status().config ?? {};
    const problem = removalProblem({ voters, answering, nameOf: nameIn(context) }, id);
    if (problem !== null) return `in group ${group}, ${problem}`;
  }
  return null;
}
