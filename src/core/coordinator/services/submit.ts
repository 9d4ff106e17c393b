// Writes: stamped with who and when by the leader, proposed, answered when committed and applied.

import { status } from "@grpc/grpc-js";
import { REASON_BYTES_MAX } from "../../fleet/limits.ts";
import { Command, type Operation, type Outcome } from "../../wire/gen/fleet/v1/command.ts";
import type { SubmitRequest, SubmitResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import { formatIdentity } from "../../wire/identity.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { ServiceContext } from "./context.ts";
import type { Caller } from "./handler.ts";
import { diskFull, refusalError, rejectionError } from "./refusals.ts";

export async function submit(
  context: ServiceContext,
  request: SubmitRequest,
  caller: Caller,
): Promise<SubmitResponse> {
  const { operation } = request;
  if (operation?.kind === undefined) {
    throw rpcError(status.INVALID_ARGUMENT, "OPERATION_MISSING", "the request names no operation");
  }
  if (isReserved(operation.kind)) {
    const message = "members change by ChangeMembership, which checks what the group can bear";
    throw rpcError(status.INVALID_ARGUMENT, "OPERATION_RESERVED", message);
  }
  checkReasonSize(request.reason);
  const write = await propose(context, caller, operation, request);
  const { result } = write;
  if (result.result === undefined || result.result.$case === "rejected") {
    throw rejectionError(result.result?.value ?? { reason: "UNKNOWN_OPERATION", message: "", metadata: {} });
  }
  return { index: result.index, term: write.term, applied: result.result.value };
}

/** Throws REASON_TOO_LONG. Counted in bytes, as the audit table does when the write is applied. */
export function checkReasonSize(reason: string): void {
  const bytes = Buffer.byteLength(reason);
  if (bytes <= REASON_BYTES_MAX) return;
  const message = `a reason has at most ${REASON_BYTES_MAX} bytes, this one has ${bytes}`;
  throw rpcError(status.INVALID_ARGUMENT, "REASON_TOO_LONG", message);
}

/** Operations of the leader's own, and of an offline recovery: they stand beside something that is no row. */
function isReserved({ $case }: NonNullable<Operation["kind"]>): boolean {
  return ["foundMembers", "upsertMember", "removeMember", "noteTransfer", "recoverFleet"].includes($case);
}

interface WriteIdentity {
  readonly sessionId: number;
  readonly sequence: number;
  readonly firstOutstanding: number;
  readonly reason: string;
}

/** Proposes `operation` in the caller's name; throws the RpcError of a refusal. */
export async function propose(
  context: ServiceContext,
  caller: Caller,
  operation: Operation,
  write: WriteIdentity,
): Promise<{ readonly index: number; readonly term: number; readonly result: Outcome }> {
  // A leader whose disk is full keeps what room its log has for handing over.
  if (context.disk.isFull && context.driver.status().role === "leader") throw diskFull();
  const command: Command = {
    sessionId: write.sessionId,
    sequence: write.sequence,
    firstOutstanding: write.firstOutstanding,
    actor: formatIdentity(caller.identity),
    reason: write.reason,
    atMs: context.now(),
    operation,
  };
  const settled = await context.driver.propose(Command.encode(command).finish(), caller.deadline);
  if (!settled.ok) throw refusalError(context, settled.refusal);
  return settled;
}
