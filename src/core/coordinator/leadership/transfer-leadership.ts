// A leadership transfer on request: checked, noted in the audit log, carried out, and answered once another
// replica leads.

import { status } from "@grpc/grpc-js";
import type {
  TransferLeadershipRequest,
  TransferLeadershipResponse,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { assertLeads } from "../calls/assert-leads.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { checkPermission } from "../calls/grants.ts";
import { perform } from "../calls/propose.ts";
import { type Reason, reasonOf } from "../calls/reason.ts";
import { notLeader } from "../calls/refusals.ts";
import { transferTarget } from "./transfer-target.ts";

const LOOK_EVERY_MS = 5;

export async function transferLeadership(
  context: ServiceContext,
  request: TransferLeadershipRequest,
  caller: Caller,
): Promise<TransferLeadershipResponse> {
  await assertLeads(context, caller);
  const reason = reasonOf(request.reason);
  const wanted = { to: request.toNode, from: request.fromNode };
  const target = transferTarget(context.driver.status(), context.replicas, context, wanted);
  const to = target.kind === "hand-over" ? nameOf(context, target.to) : request.toNode || "auto";
  checkPermission(context, caller, { verb: "transfer", table: "leader", name: to });
  switch (target.kind) {
    case "refused":
      throw rpcError(status.FAILED_PRECONDITION, target.reason, target.message);
    case "already":
      return answer(context, context.self, false);
    case "hand-over":
      if (request.dryRun) return answer(context, target.to, true);
      await noteTransfer(context, target.to, reason, caller);
      await handOver(context, target.to, caller);
      return answer(context, context.driver.status().leader, true);
  }
}

/** Records in the audit log who asked for it, and why. If that throws, nothing is handed over. */
export function noteTransfer(
  context: ServiceContext,
  to: number,
  reason: Reason,
  caller: Caller,
): Promise<void> {
  return perform(context, caller, transferNote(context, to), reason);
}

export function transferNote(context: ServiceContext, to: number) {
  const value = { fromNode: nameOf(context, context.self), toNode: nameOf(context, to) };
  return { $case: "noteTransfer", value } as const;
}

/**
 * Resolves once this replica follows another. Throws TRANSFER_FAILED when it still leads and the attempt is over (Raft
 * §3.10). Throws NOT_LEADER when it does not lead, and knows no leader until the deadline.
 */
export async function handOver(
  context: ServiceContext,
  to: Parameters<ServiceContext["driver"]["transferLeader"]>[0],
  caller: Caller,
): Promise<void> {
  const { driver } = context;
  if (driver.status().role !== "leader") throw notLeader(context);
  driver.transferLeader(to);
  for (;;) {
    const raft = driver.status();
    if (raft.role !== "leader" && raft.leader !== 0) return;
    const isOver = context.clock.monotonicMs() >= caller.deadline;
    if (isOver && raft.role !== "leader") throw notLeader(context);
    if (isOver || (raft.role === "leader" && raft.leadTransferee === 0)) {
      const message = `${nameOf(context, to)} did not take over within an election timeout`;
      throw rpcError(status.ABORTED, "TRANSFER_FAILED", message);
    }
    await context.sleep(LOOK_EVERY_MS);
  }
}

function answer(context: ServiceContext, leaderId: number, changed: boolean): TransferLeadershipResponse {
  const { term } = context.driver.status();
  return { changed, leaderId, leaderName: nameOf(context, leaderId), term };
}

function nameOf(context: ServiceContext, id: number): string {
  return context.replicas.find((replica) => replica.id === id)?.name ?? "";
}
