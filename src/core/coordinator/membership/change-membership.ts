// Changes of the members. The leader checks them and makes one at a time. If the caller names the configuration index
// that it has seen, the change is made under that index only. Rows say what is wanted, and the configuration follows
// (ADR-0004). Every request can be repeated: it continues from the present state.

import { status } from "@grpc/grpc-js";
import { type NodeId, nodeId } from "../../base/ids.ts";
import { checkUpsert } from "../../fleet/apply/apply-member.ts";
import type { Permission } from "../../fleet/permissions/access.ts";
import { listMembers } from "../../fleet/query.ts";
import { MemberKind, type MemberRecord, type UpsertMember } from "../../wire/gen/fleet/v1/command.ts";
import type {
  AddMember,
  ChangeMembershipRequest,
  ChangeMembershipResponse,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { RpcError, rpcError } from "../../wire/rpc-error.ts";
import { assertEmbedded } from "../calls/assert-embedded.ts";
import { assertLeads } from "../calls/assert-leads.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { checkGrants, checkPermission } from "../calls/grants.ts";
import { reasonOf } from "../calls/reason.ts";
import { assertTrusted, refusalError, rejectionError } from "../calls/refusals.ts";
import { isBegun } from "./begun-change.ts";
import { groupProblem, leftAllGroups } from "./leaving-groups.ts";
import { assertFounded, configurationIndex, lastingVoters } from "./members.ts";
import {
  answer,
  assertNumber,
  findMember,
  findRemoved,
  isConfigured,
  leaveLeadership,
  memberNamed,
  nameIn,
  type Order,
  takeOut,
  unknownMember,
  write,
} from "./membership-steps.ts";
import { QuorumSlot } from "./quorum-slot.ts";
import { removalProblem } from "./removal.ts";
import { replaceMember } from "./replace-member.ts";
import { unusedNumber } from "./unused-number.ts";

type Change = NonNullable<ChangeMembershipRequest["change"]>;

/** Makes one change at a time, and none during a revocation. */
export class MembershipChanges extends QuorumSlot {
  async change(
    context: ServiceContext,
    { change, ...request }: ChangeMembershipRequest,
    caller: Caller,
  ): Promise<ChangeMembershipResponse> {
    await assertLeads(context, caller);
    assertEmbedded(context, "a change of members is", "its coordinators are those that --peers names");
    assertTrusted(context);
    assertFounded(context);
    if (change === undefined)
      throw rpcError(status.INVALID_ARGUMENT, "CHANGE_MISSING", "the request names no change");
    for (const permission of permissionsFor(change)) checkPermission(context, caller, permission);
    // Checked before anything is done: if its row were refused for the reason, the configuration would have
    // changed without the row.
    const reason = reasonOf(request.reason);
    const order = { context, request: { ...request, reason }, caller };
    const answered = await this.alone(context, caller, "membership", async () => {
      return (await alreadyDone(order, change)) ?? (await perform(order, change));
    });
    if (!request.dryRun) await leftAllGroups(context, { change }, caller);
    return answered;
  }
}

/** The same permissions as for the rows that are written at the end (fleet/permissions/permissions.ts). */
function permissionsFor({ $case, value }: Change): Permission[] {
  const table = "member";
  switch ($case) {
    case "add":
    case "promote":
    case "remove":
      return [{ verb: $case, table, name: value.name }];
    case "replace":
      return [
        { verb: "promote", table, name: value.with },
        { verb: "remove", table, name: value.name },
      ];
  }
}

function perform(order: Order, change: Change): Promise<ChangeMembershipResponse> {
  switch (change.$case) {
    case "add":
      return add(order, change.value);
    case "promote":
      return promote(order, change.value.name);
    case "remove":
      return remove(order, change.value.name);
    case "replace":
      return replaceMember(order, change.value);
  }
}

function add(
  order: Order,
  { nodeId: given, name, address, learner }: AddMember,
): Promise<ChangeMembershipResponse> {
  const rows = listMembers(order.context.machine.view);
  const row = rows.find((known) => known.name === name && known.wanted !== MemberKind.REMOVED);
  const id = given === 0 ? (row?.nodeId ?? unusedNumber(rows.map((known) => known.nodeId))) : given;
  const wanted = learner ? MemberKind.LEARNER : MemberKind.VOTER;
  return upsert(order, { nodeId: id, name, address, wanted });
}

function promote(order: Order, name: string): Promise<ChangeMembershipResponse> {
  const { nodeId: id, address } = memberNamed(order.context, name);
  return upsert(order, { nodeId: id, name, address, wanted: MemberKind.VOTER });
}

async function upsert(order: Order, member: UpsertMember): Promise<ChangeMembershipResponse> {
  const { context, request, caller } = order;
  const { view } = context.machine;
  assertNumber(member.nodeId);
  const refused = checkUpsert(view, member);
  if (refused?.$case === "rejected") throw rejectionError(refused.value);
  const changed = view.tables.members.get(member.nodeId)?.wanted !== member.wanted;
  const planned: MemberRecord = { ...member, version: 0, sinceMs: 0 };
  const operation = { $case: "upsertMember", value: member } as const;
  // The added member may already be a learner: then it is promoted.
  if (changed) checkGrants(context, caller, operation);
  if (changed && !request.dryRun) await write(order, operation);
  return answer(context, planned, changed);
}

/**
 * First removed from the configuration, then from the table: it must be able to send messages as long as it
 * votes.
 */
async function remove(order: Order, name: string): Promise<ChangeMembershipResponse> {
  const { context, request } = order;
  const row = findMember(context, name) ?? findRemoved(context, name);
  if (row === undefined) throw unknownMember(name);
  const id = nodeId(row.nodeId);
  const isRemoved = row.wanted === MemberKind.REMOVED;
  if (isRemoved && !isConfigured(context, id)) return answer(context, row, false);
  await assertRemovable(context, id);
  await leaveLeadership(order, id);
  if (request.dryRun) return answer(context, row, true);
  await takeOut(order, id);
  if (!isRemoved) await write(order, { $case: "removeMember", value: { nodeId: id } });
  return answer(context, row, true);
}

async function assertRemovable(context: ServiceContext, id: NodeId): Promise<void> {
  const answering = await lastingVoters(context);
  const { config } = context.driver.status();
  if (config.votersOutgoing.length > 0) throw refusalError(context, "change-pending");
  const view = { voters: config.voters, answering, nameOf: nameIn(context) };
  const problem = removalProblem(view, id) ?? groupProblem(context, id, answering);
  if (problem !== null) throw rpcError(status.FAILED_PRECONDITION, "QUORUM_WOULD_BE_LOST", problem);
}

/**
 * Null when the change must still be made. A request that is repeated because its answer was lost has changed
 * the index itself. If the state is as wanted, the request succeeds, even if another client made the change; a change that
 * was begun is finished. Anything else under another index is refused.
 */
async function alreadyDone(order: Order, change: Change): Promise<ChangeMembershipResponse | null> {
  const { context, request } = order;
  const expected = request.expectedConfigurationIndex;
  const actual = configurationIndex(context);
  if (expected === undefined || expected === actual) return null;
  const look = { ...order, request: { ...request, dryRun: true } };
  // Under this index it is not checked for other refusals.
  const seen = await perform(look, change).catch(nullIfRefused);
  if (seen?.changed === false) return seen;
  if (isBegun(context, change, expected)) return null;
  const message = `the configuration is at index ${actual}, not ${expected}`;
  const metadata = { actual: String(actual), expected: String(expected) };
  throw rpcError(status.FAILED_PRECONDITION, "CONFIGURATION_CHANGED", message, metadata);
}

function nullIfRefused(error: unknown): null {
  if (error instanceof RpcError) return null;
  throw error;
}
