// Replaces one member by another. The newcomer, which has caught up as a learner, gets its vote in the same
// joint step (Raft §4.3) in which the old member leaves. So the number of voters never shrinks.

import { status } from "@grpc/grpc-js";
import { type NodeId, nodeId, shownName } from "../../base/ids.ts";
import { MemberKind } from "../../wire/gen/fleet/v1/command.ts";
import type { ChangeMembershipResponse, ReplaceMember } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { ServiceContext } from "../calls/context.ts";
import { refusalError } from "../calls/refusals.ts";
import { lastingVoters } from "./members.ts";
import {
  answer,
  assertNumber,
  configure,
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
import { removalProblem } from "./removal.ts";

const LOOK_EVERY_MS = 5;

/**
 * The remaining steps follow from configuration and table, so that any leader continues where another one
 * stopped.
 */
export async function replaceMember(
  order: Order,
  { name, with: newName }: ReplaceMember,
): Promise<ChangeMembershipResponse> {
  const { context, request } = order;
  const old = findMember(context, name) ?? findRemoved(context, name);
  if (old === undefined) throw unknownMember(name);
  const fresh = memberNamed(context, newName);
  assertNumber(fresh.nodeId);
  const [oldId, newId] = [nodeId(old.nodeId), nodeId(fresh.nodeId)];
  if (oldId === newId) {
    throw rpcError(
      status.INVALID_ARGUMENT,
      "SAME_MEMBER",
      `${shownName(name)} can't be replaced with itself`,
    );
  }
  if (await hasLeftJoint(order)) await assertReplaceable(context, oldId, newId);
  const { wanted, address } = fresh;
  const isDone =
    !isConfigured(context, oldId) && old.wanted === MemberKind.REMOVED && wanted === MemberKind.VOTER;
  if (isDone) return answer(context, fresh, false);
  await leaveLeadership(order, oldId);
  if (request.dryRun) return answer(context, fresh, true);
  if (isConfigured(context, oldId)) await swap(order, oldId, newId);
  // It lost its disk and is being readmitted, perhaps by an entry that is not applied yet.
  else if (old.wanted !== MemberKind.REMOVED) await takeOut(order, oldId);
  const voter = { nodeId: fresh.nodeId, name: newName, address, wanted: MemberKind.VOTER };
  if (wanted !== MemberKind.VOTER) await write(order, { $case: "upsertMember", value: voter });
  if (old.wanted !== MemberKind.REMOVED) {
    await write(order, { $case: "removeMember", value: { nodeId: old.nodeId } });
  }
  return answer(context, fresh, true);
}

async function swap(order: Order, oldId: NodeId, newId: NodeId): Promise<void> {
  await configure(order, [
    { kind: "add-voter", node: newId },
    { kind: "remove", node: oldId },
  ]);
  await hasLeftJoint(order);
}

/**
 * The leader leaves a joint configuration automatically; one that an earlier request entered is waited for
 * too.
 */
async function hasLeftJoint({ context, caller }: Order): Promise<true> {
  while (context.driver.status().config.votersOutgoing.length > 0) {
    if (context.clock.monotonicMs() >= caller.deadline) throw refusalError(context, "no-quorum");
    await context.sleep(LOOK_EVERY_MS);
  }
  return true;
}

async function assertReplaceable(context: ServiceContext, oldId: NodeId, newId: NodeId): Promise<void> {
  const answering = await lastingVoters(context, [newId]);
  const { voters } = context.driver.status().config;
  if (!isConfigured(context, oldId)) return;
  const nameOf = nameIn(context);
  if (voters.includes(oldId) && voters.length === 1) {
    const message = `${nameOf(oldId)} is the only voter: make ${nameOf(newId)} one too, then remove ${nameOf(oldId)}`;
    throw rpcError(status.FAILED_PRECONDITION, "ONLY_VOTER", message);
  }
  if (!voters.includes(newId) && !context.isWhole(newId)) {
    const message = `${nameOf(newId)} has not caught up yet`;
    throw rpcError(status.FAILED_PRECONDITION, "MEMBER_NOT_CAUGHT_UP", message);
  }
  if (!voters.includes(oldId)) return;
  const problem = removalProblem({ voters: [...new Set([...voters, newId])], answering, nameOf }, oldId);
  if (problem !== null) throw rpcError(status.FAILED_PRECONDITION, "QUORUM_WOULD_BE_LOST", problem);
}
