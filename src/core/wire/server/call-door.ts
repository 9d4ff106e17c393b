// The entry of a server. Every call passes here when its headers have arrived, before a byte of its message
// is read and before grpc-js does any work for it. What must stay true: a caller without an identity, or
// without the right to this method, is refused at once. No message is larger than its method allows. Prompt
// calls of administrators and replicas wait for nothing. A waiting call loses no byte, because HTTP/2 keeps its
// data until they are read. Absent: the decision when there is time (the gate, ADR-0020).

import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { assert } from "../../base/assert.ts";
import { systemClock } from "../../base/clock.ts";
import { refusalBy } from "../call-stream.ts";
import { RpcError, reasonOf } from "../rpc-error.ts";
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
import { limitInvalidFrames, noteInvalidFrames } from "./invalid-frames.ts";
import type { Logins } from "./logins.ts";
import { compressed, FrameCheck } from "./message-frames.ts";
import type { MethodRule } from "./method-rules.ts";
import type { OpenConnections } from "./open-connections.ts";
import type { OverheadBytes } from "./overhead-bytes.ts";
import type { PacedReading } from "./paced-reading.ts";
import { readingOf } from "./session-reading.ts";
import { isGone, refuse } from "./stream-answer.ts";
import { type ServedMethod, serveUnary } from "./unary-calls.ts";

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
  /** Undefined: grpc-js serves it, or answers that there is no such method. */
  readonly unaryOf: (path: string) => ServedMethod | undefined;
  /** Without a gate every call starts at once. */
  readonly gate?: Gate | undefined;
  readonly reading: PacedReading;
  readonly denied: Pick<DeniedCalls, "note">;
  readonly errors: Pick<InternalErrors, "note">;
  readonly connections: OpenConnections;
  readonly budgets: Pick<CallBudgets, "begin">;
  readonly held: Pick<HeldRefusals, "refuse">;
  readonly overhead: Pick<OverheadBytes, "watch" | "call" | "data">;
  readonly logins: Pick<Logins, "note">;
  /** For connections; by default derived from the number of files that this process may open. */
  readonly room?: ConnectionRoom | undefined;
  /** How many connections an identity may have here; by default as on a coordinator's ports. */
  readonly limitsOf?: LimitsOf | undefined;
}

type Serve = (this: Http2Server, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** For a server that is bound already. */
export function guardDoor(server: Server, options: DoorOptions): void {
  for (const http2 of http2ServersOf(server)) {
    const listeners = http2.listeners("stream") as Serve[];
    assert(listeners.length > 0, "grpc-js listens to the streams of its HTTP/2 server");
    http2.removeAllListeners("stream");
    http2.on("stream", (stream, headers) =>
      enter(stream, headers, options, () => {
        for (const listener of listeners) listener.call(http2, stream, headers);
      }),
    );
    paceConnections(http2, options.reading);
    limitInvalidFrames(http2);
    noteFailedHandshakes(http2, options.denied);
    const { tls, denied, logins, room = roomOf(openFilesMax()) } = options;
    noteLogins(http2, tls, logins);
    // A revoked certificate gives no right to the room that is kept for administrators and replicas.
    const identityOf = (session: ServerHttp2Session) => {
      const identity = identityOfSession(session, tls);
      return identity === null || isRevoked(identity, tls) ? null : identity;
    };
    limitConnections(http2, room, identityOf, denied, options.limitsOf);
    options.overhead.watch(http2, identityOf);
    noteInvalidFrames(http2, identityOf, denied);
    options.connections.watch(http2, tls, denied);
  }
}

/** grpc-js has no public way to its HTTP/2 servers. */
function http2ServersOf(server: Server): Http2Server[] {
  const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2Server, unknown> };
  const found = [...(http2Servers?.keys() ?? [])];
  assert(found.length > 0, "a bound server of grpc-js has HTTP/2 servers");
  return found;
}

function paceConnections(http2: Http2Server, reading: PacedReading): void {
  http2.on("session", (session) => {
    const connection = readingOf(session);
    if (connection === null) return;
    reading.opened(connection);
    session.once("close", () => reading.closed(connection));
  });
}

/** Refused and prompt calls too: a pass in which thousands of them are refused deposes a leader. */
function pace({ session }: ServerHttp2Stream, reading: PacedReading): void {
  const connection = session && readingOf(session as ServerHttp2Session);
  if (connection) reading.brought(connection);
}

/** A revoked certificate proves nothing: its call is denied and counted as denied. */
function noteLogins(http2: Http2Server, tls: Tls, logins: DoorOptions["logins"]): void {
  http2.on("session", (session) => {
    const identity = identityOfSession(session, tls);
    if (identity === null || isRevoked(identity, tls)) return;
    logins.note(identity, session.socket.remoteAddress ?? "");
  });
}

function enter(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { tls, ruleOf, unaryOf, gate, denied, errors, budgets, held, overhead, reading }: DoorOptions,
  serveByGrpc: () => void,
): void {
  // Without a listener a failure of the stream would end the process.
  stream.on("error", ignore);
  pace(stream, reading);
  overhead.call(stream.session);
  const path = headers[":path"] ?? "";
  const rule = ruleOf(path);
  const identity = letIn(stream, headers, path, rule, tls);
  if (identity instanceof RpcError) {
    denied.note(deniedBy(identity, stream, path, tls));
    refuse(stream, identity);
    return;
  }
  const budget = budgets.begin(identity, addressOf(stream));
  if (budget instanceof RpcError) {
    held.refuse(formatIdentity(identity), stream, budget);
    return;
  }
  const { end } = budget;
  if (end !== null) stream.once("close", () => end(stream));
  const unary = unaryOf(path);
  const cameMs = systemClock.monotonicMs();
  const serve = () => {
    if (unary !== undefined) {
      serveUnary(stream, unary, { identity, headers, cameMs, budget, gate, overhead });
      return;
    }
    if (rule !== undefined) bound(stream, rule.bytesMax, budget, overhead);
    budget.watch(stream);
    serveByGrpc();
  };
  const arrived = gate === undefined || isPrompt(rule, identity, gate) || gate.arrive(identity);
  if (arrived === true) serve();
  else begin(stream, arrived, gate, serve).catch((error: unknown) => errors.note(error, path));
}

const ignore = (): void => undefined;

const addressOf = ({ session }: ServerHttp2Stream): string => session?.socket?.remoteAddress ?? "";

/**
 * The caller's identity; otherwise why it is refused. A path without a rule is not a method, but its caller
 * needs an identity too.
 */
function letIn(
  { session }: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  path: string,
  rule: MethodRule | undefined,
  tls: Tls,
): Identity | RpcError {
  const identity = admitted(session ?? null, path, tls, rule?.allow ?? (() => true));
  if (identity instanceof RpcError) return identity;
  const encoding = headers["grpc-encoding"] ?? "identity";
  return encoding === "identity" ? identity : compressed();
}

/** A flood of prompt calls of others waits with their other calls. */
function isPrompt(rule: MethodRule | undefined, identity: Identity, gate: Gate): boolean {
  return rule?.isPrompt === true && (identity.kind === "admin" || gate.isPeer(identity));
}

function deniedBy(error: RpcError, { session }: ServerHttp2Stream, path: string, tls: Tls): Denied {
  const identity =
    identityOfSession(session ?? null, tls) ?? claimedBySession(session ?? null)?.identity ?? null;
  return {
    reason: reasonOf(error),
    identity: identity === null ? "" : formatIdentity(identity),
    from: session?.socket.remoteAddress ?? "",
    what: shownPath(path),
  };
}

async function begin(
  stream: ServerHttp2Stream,
  arrived: Promise<boolean>,
  gate: Gate,
  serve: () => void,
): Promise<void> {
  const isTaken = await arrived;
  if (isGone(stream)) return;
  if (isTaken) serve();
  else refuse(stream, gate.refusal());
}

/**
 * For a stream that grpc-js serves: a message that is too large ends the call, and grpc-js does not see it.
 */
function bound(
  stream: ServerHttp2Stream,
  bytesMax: number,
  budget: CallBudget,
  overhead: DoorOptions["overhead"],
): void {
  const check = new FrameCheck(bytesMax);
  const emit = stream.emit.bind(stream) as (event: string | symbol, ...values: unknown[]) => boolean;
  let isOver = false;
  stream.emit = (event: string | symbol, ...values: unknown[]) => {
    if (event !== "data") return emit(event, ...values);
    if (isOver) return true;
    const chunk = values[0] as Buffer;
    overhead.data(stream.session, chunk.length);
    const refused = check.take(chunk) ?? budget.receive(chunk.length);
    if (refused === null) return emit(event, ...values);
    isOver = true;
    const end = refusalBy(stream) ?? ((error) => refuse(stream, error));
    end(refused);
    return true;
  };
}
