// The steps of membership changes: a change of the configuration, a row, a leader that hands over. When a
// request is repeated, any of them may be the only one left.

import { status } from "@grpc/grpc-js";
import { FLEET_GROUP, isMemberNumber, MEMBER_NUMBER_MAX, type NodeId, shownName } from "../../base/ids.ts";
import { listMembers } from "../../fleet/query.ts";
import type { ConfOperation } from "../../raft/confchange.ts";
import { MemberKind, type MemberRecord, type Operation } from "../../wire/gen/fleet/v1/command.ts";
import type {
  ChangeMembershipRequest,
  ChangeMembershipResponse,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { type RpcError, rpcError } from "../../wire/rpc-error.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { checkGrants } from "../calls/grants.ts";
import { perform } from "../calls/propose.ts";
import type { Reason } from "../calls/reason.ts";
import { notLeader, refusalError } from "../calls/refusals.ts";
import { bestSuccessor, canLead } from "../leadership/best-successor.ts";
import { handOver, noteTransfer, transferNote } from "../leadership/transfer-leadership.ts";
import { configurationIndex } from "./members.ts";

type Request = Omit<ChangeMembershipRequest, "change" | "reason"> & { readonly reason: Reason };

/** One running request. */
export interface Order {
  readonly context: ServiceContext;
  readonly request: Request;
  readonly caller: Caller;
}

/** Whatever the cluster version is: under the first one the table would accept any number. */
export function assertNumber(number: number): void {
  if (isMemberNumber(number)) return;
  const message = `a node's number is from 1 to ${MEMBER_NUMBER_MAX}, not ${number}`;
  throw rpcError(status.INVALID_ARGUMENT, "INVALID_MEMBER", message, { field: "number" });
}

/**
 * If `id` is this replica, another one leads afterwards, and the caller is sent there to ask again. A dry run
 * only checks whether that is allowed.
 */
export async function leaveLeadership(order: Order, id: NodeId): Promise<void> {
  const { context, request, caller } = order;
  if (id !== context.self) return;
  const successor = bestSuccessor(context.driver.status(), FLEET_GROUP, canLead(FLEET_GROUP, context));
  if (successor === undefined) throw refusalError(context, "no-quorum");
  checkGrants(context, caller, transferNote(context, successor));
  if (request.dryRun) return;
  await noteTransfer(context, successor, request.reason, caller);
  await handOver(context, successor, caller);
  throw notLeader(context);
}

export async function configure(
  { context, caller }: Order,
  changes: readonly ConfOperation[],
): Promise<void> {
  const change = { transition: "auto", changes, context: new Uint8Array() } as const;
  const settled = await context.driver.changeConfiguration(change, caller.deadline);
  if (!settled.ok) throw refusalError(context, settled.refusal);
}

/**
 * That holds even if it is in no configuration. An entry that is not applied yet may admit it, and the change that
 * removes it must come after that entry. A number beyond the limit is never admitted (readmit.ts), and followers may
 * not be able to decode a change that names it.
 */
export async function takeOut(order: Order, id: NodeId): Promise<void> {
  if (!isMemberNumber(id) && !isConfigured(order.context, id)) return;
  await configure(order, [{ kind: "remove", node: id }]);
}

export function write(
  { context, request, caller }: Order,
  operation: NonNullable<Operation["kind"]>,
): Promise<void> {
  return perform(context, caller, operation, request.reason);
}

export function answer(
  context: ServiceContext,
  row: Readonly<MemberRecord>,
  changed: boolean,
): ChangeMembershipResponse {
  const member = context.machine.view.tables.members.get(row.nodeId) ?? row;
  return { changed, member, configurationIndex: configurationIndex(context) };
}

export function findMember({ machine }: ServiceContext, name: string): Readonly<MemberRecord> | undefined {
  return listMembers(machine.view).find((row) => row.name === name && row.wanted !== MemberKind.REMOVED);
}

/** The newest of those that had this name. */
export function findRemoved({ machine }: ServiceContext, name: string): Readonly<MemberRecord> | undefined {
  return listMembers(machine.view).findLast((row) => row.name === name);
}

export function memberNamed(context: ServiceContext, name: string): Readonly<MemberRecord> {
  const row = findMember(context, name);
  if (row === undefined) throw unknownMember(name);
  return row;
}

export function unknownMember(name: string): RpcError {
  return rpcError(status.FAILED_PRECONDITION, "MEMBER_UNKNOWN", `there is no member ${shownName(name)}`);
}

export function isConfigured({ driver }: ServiceContext, id: NodeId): boolean {
  const { voters, votersOutgoing, learners, learnersNext } = driver.status().config;
  return [voters, votersOutgoing, learners, learnersNext].some((ids) => ids.includes(id));
}

export function nameIn({ machine }: ServiceContext): (id: NodeId) => string {
  return (id) => machine.view.tables.members.get(id)?.name ?? String(id);
}
