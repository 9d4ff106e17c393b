// The Faults service: which faults drills inject into this replica, for how long, and which are active
// (ADR-0034).

import { status } from "@grpc/grpc-js";
import { shownName } from "../../base/ids.ts";
import { DRILLS_VERSION } from "../../fleet/format.ts";
import { faultMessage } from "../../wire/fault-message.ts";
import type {
  ClearFaultsRequest,
  FaultList,
  FaultsServer,
  InjectFaultRequest,
  ActiveFault as WireFault,
} from "../../wire/gen/fleet/v1/faults.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import { formatIdentity } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { handler } from "../calls/handler.ts";
import { ordered } from "../calls/ordered.ts";
import { reasonOf } from "../calls/reason.ts";
import { readFault } from "../faults/fault.ts";
import {
  type ActiveFault,
  FAULTS_MAX,
  type FaultBoard,
  TTL_MS_MAX,
  TTL_MS_MIN,
} from "../faults/fault-board.ts";

export function faultsService(context: ServiceContext, board: FaultBoard): Implementation<FaultsServer> {
  return {
    listFaults: handler(context, async () => list(context, board)),
    injectFault: handler(context, (request, caller) => inject(context, board, request, caller)),
    clearFaults: handler(context, async (request, caller) => clear(context, board, request, caller)),
  };
}

function list(context: ServiceContext, board: FaultBoard): FaultList {
  const faults = board.active.map((active) => wireFault(context, active));
  return { nodeName: nameOf(context), allowed: board.isAllowed, faults };
}

async function inject(
  context: ServiceContext,
  board: FaultBoard,
  request: InjectFaultRequest,
  caller: Caller,
): Promise<WireFault> {
  const { nodeName, fault: message, ttlMs } = request;
  assertAllowed(context, board);
  assertMeant(context, nodeName);
  if (ttlMs < TTL_MS_MIN || ttlMs > TTL_MS_MAX) {
    throw invalid(`a fault's time to live is from ${TTL_MS_MIN} to ${TTL_MS_MAX} ms, not ${ttlMs}`);
  }
  const others = context.replicas.map(({ id }) => id).filter((id) => id !== context.self);
  const fault = readFault(message, others);
  if (typeof fault === "string") throw invalid(fault);
  assertRoom(board);
  const reason = await reasonFor(context, request, caller);
  // Others may have come meanwhile.
  assertRoom(board);
  return wireFault(context, board.inject(fault, ttlMs, { by: formatIdentity(caller.identity), reason }));
}

/** The audit log of cluster version 1 can't have such an entry: this replica's own log has the reason. */
async function reasonFor(
  context: ServiceContext,
  request: InjectFaultRequest,
  caller: Caller,
): Promise<string> {
  const isAudited = context.machine.view.clusterVersion >= DRILLS_VERSION;
  if (!isAudited) return reasonOf(request.reason);
  const { reason } = await ordered(context, "noteDrill", request, caller);
  return reason;
}

function assertRoom({ isFull }: FaultBoard): void {
  if (!isFull) return;
  const words = `this replica has ${FAULTS_MAX} faults at once, and takes no more: clear them first`;
  throw rpcError(status.FAILED_PRECONDITION, "TOO_MANY_FAULTS", words);
}

/**
 * Always allowed, and without an entry: it ends what an entry began, and a replica that is cut off can read no new one.
 * Without the permission for faults there is nothing to clear.
 */
function clear(
  context: ServiceContext,
  board: FaultBoard,
  { nodeName, ids }: ClearFaultsRequest,
  { identity }: Caller,
): FaultList {
  assertMeant(context, nodeName);
  board.clear(ids, formatIdentity(identity));
  return list(context, board);
}

function assertAllowed(context: ServiceContext, { isAllowed }: FaultBoard): void {
  if (isAllowed) return;
  const message = `${nameOf(context)} takes no faults: it was not started with --allow-faults`;
  throw rpcError(status.FAILED_PRECONDITION, "FAULTS_NOT_ALLOWED", message);
}

function assertMeant(context: ServiceContext, nodeName: string): void {
  const name = nameOf(context);
  if (nodeName === name) return;
  const message = `this is ${name}, and not ${shownName(nodeName)}`;
  throw rpcError(status.FAILED_PRECONDITION, "REPLICA_MISMATCH", message);
}

function wireFault({ clock }: ServiceContext, { id, fault, endsMs, by, reason }: ActiveFault): WireFault {
  const remainingMs = Math.max(0, Math.round(endsMs - clock.monotonicMs()));
  return { id, fault: faultMessage(fault), remainingMs, by, reason };
}

const invalid = (message: string) => rpcError(status.INVALID_ARGUMENT, "FAULT_INVALID", message);

function nameOf({ replicas, self }: ServiceContext): string {
  return replicas.find(({ id }) => id === self)?.name ?? String(self);
}
