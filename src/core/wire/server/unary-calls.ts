// Unary calls, which have one message on each side, are served on Node's HTTP/2 streams themselves. grpc-js makes some hundred
// objects a call, for interceptors, metadata and flow control that none of these uses (ADR-0024).
// What must stay true: a request is bounded before it is kept, and its bytes are decoded when all of them are there.

import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { type handleUnaryCall, type MethodDefinition, status } from "@grpc/grpc-js";
import type { MonotonicMs } from "../../base/clock.ts";
import { MESSAGE_BYTES_MAX } from "../channel-options.ts";
import { type RpcError, rpcError } from "../rpc-error.ts";
import type { Identity } from "../tls/identity.ts";
import { decodeBounded } from "./bounded-decode.ts";
import type { CallBudget } from "./call-budgets.ts";
import { timeoutMsOf } from "./grpc-timeout.ts";
import type { InternalErrors } from "./internal-errors.ts";
import { FIELDS_MAX, type MethodRule } from "./method-rules.ts";
import { RequestBytes } from "./request-bytes.ts";
import { answer, isGone, refuse } from "./stream-answer.ts";

export interface UnaryCall<Request> {
  readonly request: Request;
  readonly path: string;
  readonly identity: Identity;
  /** How long the caller waits for the answer, from now on; infinity = it did not say. */
  remainingMs(nowMs: MonotonicMs): number;
}

/** An RpcError that it throws is the answer; anything else is a bug (InternalErrors). */
export type UnaryMethod<Request, Response> = (call: UnaryCall<Request>) => Promise<Response>;

/** A generated service, whose unary methods are ours. */
export type Implementation<Service> = {
  readonly [Name in keyof Service as string extends Name
    ? never
    : Name]: Service[Name] extends handleUnaryCall<infer Request, infer Response>
    ? UnaryMethod<Request, Response>
    : Service[Name];
};

export interface ServedMethod {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly method: UnaryMethod<unknown, unknown>;
  readonly rule: MethodRule;
  readonly errors: InternalErrors;
}

/** A call that was let in and is to be read now. It came at `cameMs`. */
export interface Admitted {
  readonly identity: Identity;
  readonly headers: IncomingHttpHeaders;
  readonly cameMs: MonotonicMs;
  readonly budget: Pick<CallBudget, "account" | "receive">;
  /** Settles when there is time for more of this call than to read it. */
  goOn(): Promise<void>;
}

/** By then a request is whole, or its caller has lost its turn. */
const WHOLE_MS_MAX = 30_000;
/** What takes less than some 0.1 ms to decode needs no time of its own. */
const SMALL_BYTES = 16 * 1024;

export function serveUnary(stream: ServerHttp2Stream, served: ServedMethod, admitted: Admitted): void {
  if (!isGrpc(admitted.headers)) {
    stream.resume();
    stream.respond({ ":status": 415 }, { endStream: true });
    return;
  }
  const { budget } = admitted;
  const bytes = new RequestBytes(budget.account ?? stream.session ?? stream, served.rule.bytesMax);
  const giveUp = (error: RpcError) => {
    stream.removeAllListeners("data").removeAllListeners("end");
    refuse(stream, error);
  };
  const late = setTimeout(() => giveUp(tooLate()), WHOLE_MS_MAX).unref();
  stream.once("close", () => {
    clearTimeout(late);
    bytes.release();
  });
  stream.on("data", (chunk: Buffer) => {
    const refused = bytes.add(chunk) ?? budget.receive(chunk.length);
    if (refused !== null) giveUp(refused);
  });
  const whole = () => {
    clearTimeout(late);
    reply(stream, served, admitted, bytes).catch((error: unknown) =>
      served.errors.note(error, served.definition.path),
    );
  };
  // A call without a body has ended before it was begun.
  if (stream.readableEnded) whole();
  else stream.on("end", whole);
}

async function reply(
  stream: ServerHttp2Stream,
  { definition, method, rule, errors }: ServedMethod,
  { identity, headers, cameMs, goOn }: Admitted,
  bytes: RequestBytes,
): Promise<void> {
  if (isGone(stream)) return;
  const { path, requestDeserialize, responseSerialize } = definition;
  try {
    const waitMs = timeoutMsOf(headers["grpc-timeout"]);
    const message = bytes.message();
    // Many that were begun one after the other may be whole in the same pass of the event loop.
    if (message.length > SMALL_BYTES) await goOn();
    const request = decodeBounded(requestDeserialize, message, rule.fieldsMax ?? FIELDS_MAX);
    bytes.release();
    const remainingMs = (nowMs: MonotonicMs) => waitMs - (nowMs - cameMs);
    const response = await method({ request, path, identity, remainingMs });
    // What nobody waits for is not encoded.
    if (!isGone(stream)) answer(stream, takeable(responseSerialize(response)));
  } catch (error) {
    refuse(stream, errors.answer(error, path));
  }
}

/** The caller's library would cut a larger one off, without words of ours. */
function takeable(message: Uint8Array): Uint8Array {
  if (message.length <= MESSAGE_BYTES_MAX) return message;
  const what = `the answer has ${message.length} bytes, and callers take ${MESSAGE_BYTES_MAX}: ask for less`;
  throw rpcError(status.RESOURCE_EXHAUSTED, "ANSWER_TOO_LARGE", what);
}

function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers[":method"] === "POST" && headers["content-type"]?.startsWith("application/grpc") === true;
}

function tooLate(): RpcError {
  const message = `the request was not whole within ${WHOLE_MS_MAX / 1_000} s`;
  return rpcError(status.DEADLINE_EXCEEDED, "REQUEST_TOO_SLOW", message);
}
