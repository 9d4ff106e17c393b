// Writes: the leader adds actor and time, proposes them, and answers when they are committed and applied.

import { status } from "@grpc/grpc-js";
import { OUTSIDE_SESSIONS } from "../../../base/outside-sessions.ts";
import { renderApplied } from "../../../fleet/audit/render-audit.ts";
import { encodeToApply } from "../../../fleet/command-codec.ts";
import type { Applied, Operation, Outcome } from "../../../wire/gen/fleet/v1/command.ts";
import type { SubmitRequest, SubmitResponse } from "../../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../../wire/rpc-error.ts";
import type { Caller } from "../../calls/caller.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { checkGrants } from "../../calls/grants.ts";
import { checkNewAddress } from "../../calls/new-address.ts";
import { refuseOther } from "../../calls/other-incarnation.ts";
import { commandOf, propose } from "../../calls/propose.ts";
import { LINEARIZABLE, readable } from "../../calls/reads.ts";
import { type Reason, reasonOf } from "../../calls/reason.ts";
import { notLeader, rejectionError } from "../../calls/refusals.ts";
import { checkClusterVersion } from "../../cluster-version/version-gate.ts";
import { refuseRevoking } from "../../revocation/refuse-revoking.ts";
import { revokeAlone } from "../../revocation/revoke-alone.ts";
import { refuseAdoption } from "./refuse-adoption.ts";
import { leavesServing, refuseForgetting, refuseServing, withServing } from "./refuse-serving.ts";
import { leavesServed, refuseUnbinding } from "./refuse-unbinding.ts";
import { checkRoleRules } from "./role-rules.ts";

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
    const message = "this operation is the leader's own: it follows from another request";
    throw rpcError(status.INVALID_ARGUMENT, "OPERATION_RESERVED", message);
  }
  const reason = reasonOf(request.reason);
  refuseOther(context, request.incarnation);
  checkGrants(context, caller, operation.kind);
  if (operation.kind.$case === "setRole") checkRoleRules(operation.kind.value);
  if (request.dryRun) return tryOut(context, caller, operation, reason);
  const serving = checkServing(context, operation);
  // A whole message from the wire equals the result of decoding its command again.
  const { sessionId, sequence, firstOutstanding } = request;
  const write = { sessionId, sequence, firstOutstanding, reason };
  const proposed = () => propose(context, caller, operation, write, encodeToApply);
  const { kind } = operation;
  const isRevocation = kind.$case === "revokeCertificate" && context.driver.role === "leader";
  const { result, term } = await (isRevocation
    ? revokeAlone(context, kind.value, caller, proposed)
    : proposed());
  if (result.result?.$case === "applied") context.planRunners.note(kind, context.clock.monotonicMs());
  // A session knows its incarnation. A client that writes without a session may read what it wrote.
  const incarnation = request.sessionId === 0 ? context.clusterId : undefined;
  return { index: result.index, term, applied: withServing(appliedOf(result), serving), incarnation };
}

// Like any other linearizable read, then tried on a copy of the state. Only the leader can do it, as with the write.
// Another replica does not know shards' reports, so it does not know what would be refused.
async function tryOut(
  context: ServiceContext,
  caller: Caller,
  operation: Operation,
  reason: Reason,
): Promise<SubmitResponse> {
  if (context.driver.role !== "leader") throw notLeader(context);
  const { index, term, leads } = await readable(context, LINEARIZABLE, caller);
  // It was deposed while it asked.
  if (!leads) throw notLeader(context);
  checkClusterVersion(context, operation);
  const { kind } = operation;
  if (kind?.$case === "revokeCertificate") await refuseRevoking(context, kind.value, caller);
  const serving = checkServing(context, operation);
  checkNewAddress(context.machine.view, operation);
  const command = commandOf(context, caller, operation, { ...OUTSIDE_SESSIONS, reason });
  const outcome = await context.machine.dryRun(command);
  return { index, term, applied: withServing(appliedOf(outcome), serving) };
}

/**
 * Throws the refusal of an operation that the tables alone can't judge. For a removal it returns what a
 * forced one leaves behind, in words.
 */
function checkServing(context: ServiceContext, { kind }: Operation): string {
  if (kind?.$case === "unbindCluster") {
    refuseUnbinding(context, kind.value);
    return leavesServed(context, kind.value);
  }
  if (kind?.$case === "adoptShard") refuseAdoption(context, kind.value);
  if (kind?.$case === "forgetShard") refuseForgetting(context, kind.value);
  if (kind?.$case !== "removeShard") return "";
  refuseServing(context, kind.value);
  return leavesServing(context, kind.value);
}

function appliedOf({ result }: Outcome): Applied {
  if (result?.$case === "applied") return renderApplied(result.value);
  throw rejectionError(result?.value ?? { reason: "UNKNOWN_OPERATION", message: "", metadata: {}, rows: [] });
}

const RESERVED: ReadonlySet<string> = new Set<NonNullable<Operation["kind"]>["$case"]>([
  "foundMembers",
  "createGroup",
  "foundGroups",
  "upsertMember",
  "removeMember",
  "noteTransfer",
  "recoverFleet",
  "keepRevocations",
  "noteShardLeft",
  "settleInstructions",
  "reconcileDomains",
  "noteAuditExported",
  "settleAdoption",
  "raiseClusterVersion",
]);

/** Operations of the leader itself and of an offline recovery: they belong to something other than a row. */
function isReserved({ $case }: NonNullable<Operation["kind"]>): boolean {
  return RESERVED.has($case);
}
