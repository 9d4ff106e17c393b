// Makes an operation an entry of the log, in a caller's name. The leader adds actor and time, proposes it,
// and answers when it is committed and applied. What must stay true: nothing becomes an entry that every
// replica would have to refuse.

import { OUTSIDE_SESSIONS } from "../../base/outside-sessions.ts";
import { encodeCommand, type NewCommand } from "../../fleet/command-codec.ts";
import type { Operation, Outcome } from "../../wire/gen/fleet/v1/command.ts";
import { revocationOf } from "../../wire/server/admit.ts";
import { formatIdentity } from "../../wire/tls/identity.ts";
import { checkClusterVersion, isAboveClusterVersion } from "../cluster-version/version-gate.ts";
import type { Caller } from "./caller.ts";
import { workerOf } from "./client-work.ts";
import { commandBytesMax, commandTooLarge } from "./command-size.ts";
import type { ServiceContext } from "./context.ts";
import { checkNewAddress } from "./new-address.ts";
import type { Reason } from "./reason.ts";
import { assertTrusted, diskFull, notLeader, refusalError, rejectionError } from "./refusals.ts";

interface WriteIdentity {
  readonly sessionId: number;
  readonly sequence: number;
  readonly firstOutstanding: number;
  readonly reason: Reason;
}

/** As `propose`, outside any session: throws also when the operation is refused as it is applied, entry and all. */
export async function perform(
  context: ServiceContext,
  caller: Caller,
  kind: NonNullable<Operation["kind"]>,
  reason: Reason,
): Promise<void> {
  const { result } = await propose(context, caller, { kind }, { ...OUTSIDE_SESSIONS, reason });
  if (result.result?.$case === "rejected") throw rejectionError(result.result.value);
}

/** Proposes `operation` in the caller's name; throws the RpcError of a refusal. */
export async function propose(
  context: ServiceContext,
  caller: Caller,
  operation: Operation,
  write: WriteIdentity,
  encode = encodeCommand,
): Promise<{ readonly index: number; readonly term: number; readonly result: Outcome }> {
  // It may have waited since its admission.
  const revoked = revocationOf(caller.identity, context.tls);
  if (revoked !== null) throw revoked;
  // Another replica sends the caller to the leader.
  if (context.driver.leader === context.self) assertTrustedFor(context, operation);
  // A leader whose disk is full keeps what room its log has for handing over.
  if (context.disk.isFull && context.driver.role === "leader") throw diskFull();
  // Another replica may not know yet what the row has; it sends the caller to the leader.
  if (context.driver.leader === context.self) {
    checkNewAddress(context.machine.view, operation);
    checkClusterVersion(context, operation);
  } else if (isAboveClusterVersion(context, operation)) {
    throw notLeader(context);
  }
  const command = commandOf(context, caller, operation, write);
  const data = encode(command, context.machine.view.clusterVersion);
  refuseTooLarge(context, caller, operation, data.length);
  const settled = await context.driver.propose(data, caller.deadline);
  const turn = context.work.answer(workerOf(caller.identity));
  if (turn !== null) await turn;
  if (!settled.ok) throw refusalError(context, settled.refusal);
  return settled;
}

/** A fence reads no table, and ends a dispute: it is proposed also while no state is trusted. */
function assertTrustedFor(context: ServiceContext, { kind }: Operation): void {
  if (kind?.$case === "noteFence" && context.trust.now.kind === "disputed") return;
  assertTrusted(context);
}

// Before it is an entry. It is encoded only once, so its size is asked for here.
function refuseTooLarge(
  { refusedWrites }: ServiceContext,
  { identity }: Caller,
  { kind }: Operation,
  bytes: number,
): void {
  const most = kind === undefined ? 0 : commandBytesMax(kind.$case);
  if (bytes <= most) return;
  refusedWrites.note("command_too_large", formatIdentity(identity));
  throw commandTooLarge(bytes, most);
}

export function commandOf(
  { clock }: ServiceContext,
  { identity }: Caller,
  operation: Operation,
  { sessionId, sequence, firstOutstanding, reason }: WriteIdentity,
): NewCommand {
  const actor = formatIdentity(identity);
  return { sessionId, sequence, firstOutstanding, actor, reason, atMs: clock.wallMs(), operation };
}
