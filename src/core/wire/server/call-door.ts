// The entry of a server. Every call passes here when its headers have arrived, before a byte of its message
// is read. What must stay true: a caller without an identity, or without the right to this method, is refused before
// anything is read. No message is larger than its method allows. Prompt
// calls of administrators and replicas wait for nothing. A waiting call loses no byte, because HTTP/2 keeps its
// data until they are read. Absent: the decision when there is time (the gate, ADR-0020).

import { status } from "@grpc/grpc-js";
import { systemClock } from "../../base/clock.ts";
import type { Http2Server } from "../http2/http2-server.ts";
import { CODE } from "../http2/protocol.ts";
import type { ServerSession } from "../http2/server-session.ts";
import type { ServerStream } from "../http2/server-stream.ts";
import { RpcError, reasonOf, rpcError } from "../rpc-error.ts";
import {
  claimedBySession,
  formatIdentity,
  type Identity,
  identityOfSession,
  isRevoked,
} from "../tls/identity.ts";
import type { Tls } from "../tls/tls.ts";
import { admitted, shownPath } from "./admit.ts";
import type { CallBudget, CallBudgets } from "./call-budgets.ts";
import { type ConnectionRoom, limitConnections, openFilesMax, roomOf } from "./connection-limits.ts";
import type { Denied, DeniedCalls } from "./denied-calls.ts";
import { noteFailedHandshakes } from "./failed-handshakes.ts";
import type { HeldRefusals } from "./held-refusals.ts";
import type { LimitsOf } from "./identity-limits.ts";
import type { InternalErrors } from "./internal-errors.ts";
import { noteInvalidFrames } from "./invalid-frames.ts";
import type { LateRequests } from "./late-requests.ts";
import type { Logins } from "./logins.ts";
import { compressed } from "./message-frames.ts";
import { anyIdentity, type MethodRule } from "./method-rules.ts";
import { networkOf } from "./network-of.ts";
import type { OpenConnections } from "./open-connections.ts";
import type { OverheadBytes } from "./overhead-bytes.ts";
import type { PacedMessages } from "./paced-messages.ts";
import type { PacedReading } from "./paced-reading.ts";
import { HANDSHAKE_BYTES, type RefusedCallers } from "./refused-callers.ts";
import { refuse, refuseType } from "./stream-answer.ts";
import { type ServedStream, serveStream } from "./stream-call.ts";
import { type Admitted, isGrpc, type ServedMethod, serveUnary } from "./unary-calls.ts";
import { UnfinishedBytes } from "./unfinished-bytes.ts";

export interface Gate {
  /** True when there is time to start a call, at once or later; false = it is refused. */
  arrive(caller: Identity): true | Promise<boolean>;
  /** For a started call: settles when there is time to continue it; null = now. */
  goOn(caller: Identity): Promise<unknown> | null;
  /** Whether it is a replica of this fleet. */
  isPeer(caller: Identity): boolean;
  /** The same object while its content has not changed, so that it is encoded once. */
  refusal(): RpcError;
}

export interface DoorOptions {
  readonly tls: Tls;
  readonly ruleOf: (path: string) => MethodRule | undefined;
  readonly unaryOf: (path: string) => ServedMethod | undefined;
  readonly streamOf: (path: string) => ServedStream | undefined;
  /** Without a gate every call starts at once. */
  readonly gate?: Gate | undefined;
  readonly reading: PacedReading;
  readonly denied: Pick<DeniedCalls, "note">;
  readonly errors: Pick<InternalErrors, "note">;
  readonly connections: OpenConnections;
  readonly budgets: Pick<CallBudgets, "begin">;
  readonly held: Pick<HeldRefusals, "hold">;
  readonly refused: Pick<RefusedCallers, "refuse" | "waste">;
  readonly overhead: Pick<OverheadBytes, "watch" | "call">;
  readonly late: LateRequests;
  readonly messages: PacedMessages;
  readonly logins: Pick<Logins, "note">;
  /** For connections; by default derived from the number of files that this process may open. */
  readonly room?: ConnectionRoom | undefined;
  /** How many connections an identity may have here; by default as on a coordinator's ports. */
  readonly limitsOf?: LimitsOf | undefined;
}

/** To be called before it listens. */
export function guardDoor(http2: Http2Server, options: DoorOptions): void {
  const { tls, denied, logins, reading, room = roomOf(openFilesMax()) } = options;
  http2.on("stream", (stream) => enter(stream, options));
  http2.on("read", (session) => reading.hasRead(session));
  http2.on("session", (session) => {
    reading.opened(session);
    session.onClose(() => reading.closed(session));
  });
  noteFailedHandshakes(http2, denied, (from) => options.refused.waste(networkOf(from), HANDSHAKE_BYTES));
  noteLogins(http2, tls, logins);
  // A revoked certificate gives no right to the room that is kept for administrators and replicas.
  const identityOf = (session: ServerSession) => {
    const identity = identityOfSession(session, tls);
    return identity === null || isRevoked(identity, tls) ? null : identity;
  };
  limitConnections(http2, room, identityOf, denied, options.limitsOf);
  options.overhead.watch(http2, identityOf);
  noteInvalidFrames(http2, identityOf, denied);
  options.connections.watch(http2, tls, denied);
}

/** A revoked certificate proves nothing: its call is denied and counted as denied. */
function noteLogins(http2: Http2Server, tls: Tls, logins: DoorOptions["logins"]): void {
  http2.on("session", (session) => {
    const identity = identityOfSession(session, tls);
    if (identity === null || isRevoked(identity, tls)) return;
    logins.note(identity, session.from);
  });
}

function enter(stream: ServerStream, options: DoorOptions): void {
  const { tls, ruleOf, gate, denied, errors, held, overhead, late, reading } = options;
  const { session, headers } = stream;
  // Refused and prompt calls too: a pass in which thousands of them are refused deposes a leader.
  reading.brought(session);
  overhead.call(session);
  const path = headers[":path"] ?? "";
  const rule = ruleOf(path);
  const identity = letIn(stream, path, rule, tls);
  if (identity instanceof RpcError) {
    denied.note(deniedBy(identity, stream, path, tls));
    turnAway(stream, identity, options);
    return;
  }
  const budget = budgetOf(identity, session, rule, options);
  if (budget instanceof RpcError) {
    if (!held.hold(formatIdentity(identity), stream, budget)) refuse(stream, budget);
    return;
  }
  const { end } = budget;
  if (end !== null) stream.onClose(() => end(stream));
  const waiting = new UnfinishedBytes(budget.account ?? session, rule ?? {});
  stream.countHeld((bytes) => waiting.become(bytes));
  const cameMs = systemClock.monotonicMs();
  const serve = () => serveCall(stream, path, { identity, headers, cameMs, budget, gate, late }, options);
  const arrived = gate === undefined || isPrompt(rule, identity, gate) || gate.arrive(identity);
  if (arrived === true) serve();
  else {
    begin(stream, arrived, gate, serve).catch((error: unknown) => {
      errors.note(error, path);
      stream.reset(CODE.internal);
    });
  }
}

/** Administrators and members have no budget. A certificate that proves no identity leaves its network to be counted. */
function turnAway(stream: ServerStream, error: RpcError, { tls, refused, gate }: DoorOptions): void {
  const { session } = stream;
  const identity = identityOfSession(session, tls);
  const proved = identity === null || isRevoked(identity, tls) ? null : identity;
  if (proved?.kind === "admin" || (proved?.kind === "replica" && gate?.isPeer(proved))) refuse(stream, error);
  else refused.refuse(proved === null ? networkOf(session.from) : formatIdentity(proved), stream, error);
}

/** A replica that is no member here. */
export function isStranger(identity: Identity, gate: Gate | undefined): boolean {
  return identity.kind === "replica" && gate?.isPeer(identity) === false;
}

function budgetOf(
  identity: Identity,
  { from }: Pick<ServerSession, "from">,
  rule: MethodRule | undefined,
  { budgets, gate }: DoorOptions,
): CallBudget | RpcError {
  const budget = budgets.begin(identity, from, isStranger(identity, gate));
  const announced = rule?.announced;
  if (budget instanceof RpcError || announced === undefined) return budget;
  return { ...budget, announce: (bytes) => announced(identity, bytes) ?? budget.announce(bytes) };
}

function serveCall(
  stream: ServerStream,
  path: string,
  admitted: Admitted & { readonly budget: CallBudget },
  { unaryOf, streamOf, messages }: DoorOptions,
): void {
  const unary = unaryOf(path);
  if (unary !== undefined) {
    serveUnary(stream, unary, admitted);
    return;
  }
  const served = streamOf(path);
  if (served !== undefined) serveStream(stream, served, { ...admitted, messages });
  else if (isGrpc(stream.headers)) admitted.budget.refuse(stream, NO_METHOD, 0);
  else refuseType(stream);
}

const NO_METHOD = rpcError(
  status.UNIMPLEMENTED,
  "METHOD_UNKNOWN",
  "this server does not implement the method",
);

/**
 * The caller's identity; otherwise why it is refused. A path without a rule is not a method, but its caller
 * needs an identity too.
 */
function letIn(
  { session, headers }: ServerStream,
  path: string,
  rule: MethodRule | undefined,
  tls: Tls,
): Identity | RpcError {
  const identity = admitted(session, path, tls, rule ?? { allow: anyIdentity });
  if (identity instanceof RpcError) return identity;
  const encoding = headers["grpc-encoding"] ?? "identity";
  return encoding === "identity" ? identity : compressed();
}

/** A flood of prompt calls of others waits with their other calls. */
function isPrompt(rule: MethodRule | undefined, identity: Identity, gate: Gate): boolean {
  return rule?.isPrompt === true && (identity.kind === "admin" || gate.isPeer(identity));
}

function deniedBy(error: RpcError, { session }: ServerStream, path: string, tls: Tls): Denied {
  const identity = identityOfSession(session, tls) ?? claimedBySession(session)?.identity ?? null;
  return {
    reason: reasonOf(error),
    identity: identity === null ? "" : formatIdentity(identity),
    from: session.from,
    what: shownPath(path),
  };
}

async function begin(
  stream: ServerStream,
  arrived: Promise<boolean>,
  gate: Gate,
  serve: () => void,
): Promise<void> {
  const isTaken = await arrived;
  if (stream.isGone) return;
  if (isTaken) serve();
  else refuse(stream, gate.refusal());
}
