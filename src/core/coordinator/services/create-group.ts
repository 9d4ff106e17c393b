// Adds a group beside the fleet's own (ADR-0049): a row of the fleet's table, from which every member opens it.

import { status } from "@grpc/grpc-js";
import { freeGroupNumber } from "../../fleet/free-group-number.ts";
import { groupKindName } from "../../fleet/group-kind-name.ts";
import type { Operation } from "../../wire/gen/fleet/v1/command.ts";
import type { CreateGroupRequest, CreateGroupResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { assertEmbedded } from "../calls/assert-embedded.ts";
import { assertLeads } from "../calls/assert-leads.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { checkGrants } from "../calls/grants.ts";
import { perform } from "../calls/propose.ts";
import { reasonOf } from "../calls/reason.ts";
import { refusalError } from "../calls/refusals.ts";
import { isOpenKind } from "../group/group-kinds.ts";
import { assertFounded } from "../membership/members.ts";

type OperationKind = NonNullable<Operation["kind"]>;

export async function createGroup(
  context: ServiceContext,
  request: CreateGroupRequest,
  caller: Caller,
): Promise<CreateGroupResponse> {
  await assertLeads(context, caller);
  assertEmbedded(context, "a further group is", "use the etcd cluster itself for keys");
  assertFounded(context);
  const { kind } = request;
  if (!isOpenKind(groupKindName(kind))) {
    const message = "this build has no machine for groups of that kind";
    throw rpcError(status.INVALID_ARGUMENT, "INVALID_GROUP", message, { field: "kind" });
  }
  const reason = reasonOf(request.reason);
  // So that the first voters are the fleet's, and no two requests choose the same number.
  return context.changes.alone(context, caller, "membership", async () => {
    const { groups } = context.machine.view.tables;
    const { voters, votersOutgoing } = context.driver.status().config;
    if (votersOutgoing.length > 0) throw refusalError(context, "change-pending");
    const groupId = request.groupId === 0 ? freeGroupNumber({ groups }) : request.groupId;
    const operation: OperationKind = {
      $case: "createGroup",
      value: { groupId, kind, founders: [...voters] as number[] },
    };
    checkGrants(context, caller, operation);
    await perform(context, caller, operation, reason);
    return { groupId, index: groups.get(groupId)?.version ?? 0 };
  });
}
