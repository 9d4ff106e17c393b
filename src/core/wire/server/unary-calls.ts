// Unary calls have one message on each side. They are served directly on HTTP/2 streams, without objects for
// interceptors, metadata and flow control that none of these uses (ADR-0024, ADR-0058). What must stay true: a request is bounded before it is kept, and decoded when all of its bytes
// have arrived.

import { type handleUnaryCall, type MethodDefinition, status } from "@grpc/grpc-js";
import type { MonotonicMs } from "../../base/clock.ts";
import { MESSAGE_BYTES_MAX } from "../channel-options.ts";
import type { RequestHeaders } from "../http2/hpack/header-list.ts";
import { CODE } from "../http2/protocol.ts";
import type { ServerStream } from "../http2/server-stream.ts";
import { type RpcError, rpcError } from "../rpc-error.ts";
import type { Identity } from "../tls/identity.ts";
import { decodeBounded } from "./bounded-decode.ts";
import type { CallBudget } from "./call-budgets.ts";
import { timeoutMsOf } from "./grpc-timeout.ts";
import type { InternalErrors } from "./internal-errors.ts";
import { type LateRequests, tooLate } from "./late-requests.ts";
import { FIELDS_MAX, type MethodRule } from "./method-rules.ts";
import { RequestBytes } from "./request-bytes.ts";
import { answer, refuseType } from "./stream-answer.ts";

export interface UnaryCall<Request> {
  readonly request: Request;
  /** Of its message, which is kept for as long as the request is. */
  readonly requestBytes: number;
  readonly path: string;
  readonly identity: Identity;
  /** Its metadata are among them. */
  readonly headers: RequestHeaders;
  /** How long the caller will wait for the answer; infinity = it did not say. */
  remainingMs(nowMs: MonotonicMs): number;
  /** Throws the RpcError of a caller that reads none of its answers: to be called before a large one is made. */
  refuseUnread(): void;
  /**
   * Calls `listener` when the caller waits no longer, maybe at once: it has its answer, has cancelled, or is
   * disconnected.
   */
  onGone(listener: () => void): void;
}

/** An RpcError that it throws is the answer; any other exception is a bug (InternalErrors). */
export type UnaryMethod<Request, Response> = (call: UnaryCall<Request>) => Promise<Response>;

/** A generated service whose unary methods are ours. */
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

/** An admitted call whose request is read now. It arrived at `cameMs`. */
export interface Admitted {
  readonly identity: Identity;
  readonly headers: RequestHeaders;
  readonly cameMs: MonotonicMs;
  readonly budget: Pick<
    CallBudget,
    "account" | "announce" | "refuse" | "waste" | "refuseUnread" | "answer" | "hold"
  >;
  /** Gives up requests that are not whole in time. */
  readonly late: Pick<LateRequests, "add" | "remove">;
  /** Asked when there is time to continue this call after reading; undefined = always now. */
  readonly gate: { goOn(caller: Identity): Promise<unknown> | null } | undefined;
}

/** A smaller request is decoded in less than some 0.1 ms and needs no turn of its own. */
const SMALL_BYTES = 16 * 1024;

export function serveUnary(stream: ServerStream, served: ServedMethod, admitted: Admitted): void {
  if (!isGrpc(admitted.headers)) {
    refuseType(stream);
    return;
  }
  const { budget, late } = admitted;
  const bytes = new RequestBytes(budget.account ?? stream.session, served.rule, budget.announce);
  let isWhole = false;
  const giveUp = (error: RpcError) => {
    const { length } = bytes;
    stream.drop();
    bytes.release();
    late.remove(due);
    budget.refuse(stream, error, length);
  };
  const due = late.add(() => giveUp(tooLate()));
  stream.onClose(() => {
    late.remove(due);
    // What waits for its turn stays in memory until then.
    if (isWhole) return;
    budget.waste(bytes.length);
    bytes.release();
  });
  stream.read({
    data: (chunk) => {
      const refused = bytes.add(chunk);
      if (refused !== null) giveUp(refused);
    },
    end: () => {
      late.remove(due);
      isWhole = true;
      // A caller that resets its calls would otherwise have any number of them under way (ADR-0030).
      const settled = budget.hold();
      reply(stream, served, admitted, bytes)
        .catch((error: unknown) => {
          served.errors.note(error, served.definition.path);
          stream.reset(CODE.internal);
        })
        .finally(() => {
          bytes.release();
          settled();
        });
    },
  });
}

async function reply(
  stream: ServerStream,
  { definition, method, rule, errors }: ServedMethod,
  { identity, headers, cameMs, gate, budget }: Admitted,
  bytes: RequestBytes,
): Promise<void> {
  if (stream.isGone) return;
  const { path, requestDeserialize, responseSerialize } = definition;
  const { length } = bytes;
  try {
    const waitMs = timeoutMsOf(headers["grpc-timeout"]);
    const message = bytes.message();
    // Many calls that were started one after another may be complete in the same pass of the event loop.
    if (message.length > SMALL_BYTES) await gate?.goOn(identity);
    if (stream.isGone) return;
    const request = decodeBounded(requestDeserialize, message, rule.fieldsMax ?? FIELDS_MAX);
    bytes.release();
    const remainingMs = (nowMs: MonotonicMs) => waitMs - (nowMs - cameMs);
    const refuseUnread = () => throwIf(budget.refuseUnread());
    refuseUnread();
    const onGone = (listener: () => void) => {
      // A stream closes once: who comes later would wait for ever.
      if (stream.isGone) listener();
      else stream.onClose(listener);
    };
    const response = await method({
      ...{ request, requestBytes: message.length, path, identity, headers },
      ...{ remainingMs, refuseUnread, onGone },
    });
    // An answer without a waiting caller is not encoded.
    if (stream.isGone) return;
    const encoded = takeable(responseSerialize(response));
    throwIf(budget.refuseUnread(encoded.length));
    budget.answer(stream, encoded.length);
    answer(stream, encoded);
  } catch (error) {
    bytes.release();
    budget.refuse(stream, errors.answer(error, path), length);
  }
}

function throwIf(refused: RpcError | null): void {
  if (refused !== null) throw refused;
}

/** The caller's library would reject a larger one, without words of ours. */
export function takeable(message: Uint8Array): Uint8Array {
  if (message.length <= MESSAGE_BYTES_MAX) return message;
  throw answerTooLarge(`${message.length} bytes`);
}

/** `size`: of the answer. */
export function answerTooLarge(size: string): RpcError {
  const what = `the answer has ${size}; the limit is ${MESSAGE_BYTES_MAX} bytes: ask for less`;
  return rpcError(status.RESOURCE_EXHAUSTED, "ANSWER_TOO_LARGE", what);
}

/** Neither gRPC-Web, nor messages in another encoding. */
const GRPC = /^application\/grpc(\+proto)?(;|$)/;

export function isGrpc(headers: RequestHeaders): boolean {
  return headers[":method"] === "POST" && GRPC.test(headers["content-type"] ?? "");
}
