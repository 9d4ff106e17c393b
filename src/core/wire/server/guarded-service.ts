// A bug in a stream ends only that stream: exceptions of handlers and listeners, and answers that can't be
// encoded, are passed to InternalErrors. Without this, grpc-js answers some of them without a log line, and
// the others end the process. Unary calls do the same themselves (unary-calls.ts).

import type { MethodDefinition } from "@grpc/grpc-js";
import { refuseBy } from "../call-stream.ts";
import { RpcError } from "../rpc-error.ts";
import { decodeBounded } from "./bounded-decode.ts";
import type { InternalErrors } from "./internal-errors.ts";

interface Call {
  /** Of a call with one request message. */
  readonly request?: unknown;
  emit(event: string, ...values: unknown[]): boolean;
  push?(message: unknown): boolean;
  destroy(error: Error): unknown;
}
type Answer = (error: Error | null, value?: unknown) => void;
export type StreamHandler = (call: Call, answer?: Answer) => void;
type Definition = MethodDefinition<unknown, unknown>;

/** The definition that grpc-js gets: requests are bounded, and a failure to encode has an id. */
export function guardedDefinition(
  definition: Definition,
  errors: InternalErrors,
  fieldsMax: number,
): Definition {
  const { path, requestDeserialize, responseSerialize } = definition;
  return {
    ...definition,
    requestDeserialize: (bytes) => decodedOrRefused(requestDeserialize, bytes, fieldsMax),
    responseSerialize: (response) => {
      try {
        return responseSerialize(response);
      } catch (error) {
        throw errors.answer(error, path);
      }
    },
  };
}

// grpc-js answers INTERNAL when this throws. So the refusal replaces the message, and `guardMessages` finds
// it.
function decodedOrRefused(
  decode: Definition["requestDeserialize"],
  bytes: Buffer,
  fieldsMax: number,
): unknown {
  try {
    return decodeBounded(decode, bytes, fieldsMax);
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
}

export function guardedHandler(handler: StreamHandler, path: string, errors: InternalErrors): StreamHandler {
  return (call, answer) => {
    guardListeners(call, path, errors);
    const refuse = (error: RpcError) => {
      if (answer === undefined) call.emit("error", error);
      else call.destroy(error);
    };
    refuseBy(call, refuse);
    guardMessages(call, refuse);
    try {
      if (call.request instanceof RpcError) throw call.request;
      handler(call, answer);
    } catch (error) {
      const told = errors.answer(error, path);
      if (answer === undefined) call.emit("error", told);
      else answer(told);
    }
  };
}

function guardMessages(call: Call, refuse: (error: RpcError) => void): void {
  const push = call.push?.bind(call);
  if (push === undefined) return;
  call.push = (message) => {
    if (!(message instanceof RpcError)) return push(message);
    refuse(message);
    return false;
  };
}

// Every event of a stream passes here, so that no listener is missed. An exception in a listener of "error"
// is only noted: the stream is ending already.
function guardListeners(call: Call, path: string, errors: InternalErrors): void {
  const emit = call.emit.bind(call);
  call.emit = (event, ...values) => {
    try {
      return emit(event, ...values);
    } catch (error) {
      if (event === "error") errors.note(error, path);
      else emit("error", errors.answer(error, path));
      return true;
    }
  };
}
