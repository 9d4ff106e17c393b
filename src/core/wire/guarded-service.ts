// A gRPC service whose bugs cost only the call that hits them: what a handler or a listener of its stream throws, and an
// answer that can't be encoded, go through InternalErrors. Without this, grpc-js answers some of them without a log line,
// and the rest end the process. Handlers that are asynchronous answer for themselves (coordinator/services/handler.ts).

import type {
  Metadata,
  MethodDefinition,
  Server,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { InternalErrors } from "./internal-errors.ts";
import type { RpcError } from "./rpc-error.ts";

interface Call {
  emit(event: string, ...values: unknown[]): boolean;
}
type Answer = (error: Error | null, value?: unknown, trailer?: Metadata, flags?: number) => void;
type Method = (call: Call, answer?: Answer) => void;

/** As `server.addService`. */
export function addGuardedService<Implementation>(
  server: Pick<Server, "addService">,
  definition: ServiceDefinition<Implementation>,
  implementation: Implementation,
  errors: InternalErrors,
): void {
  const methods: Record<string, MethodDefinition<unknown, unknown>> = {};
  const guarded: Record<string, Method> = {};
  const handlers = implementation as Record<string, Method>;
  for (const [name, method] of Object.entries<MethodDefinition<unknown, unknown>>(definition)) {
    const encode = noting(method, errors);
    methods[name] = { ...method, responseSerialize: encode };
    const handler = handlers[name];
    if (handler !== undefined) guarded[name] = guardedMethod(handler, { path: method.path, encode, errors });
  }
  server.addService(methods, guarded as unknown as UntypedServiceImplementation);
}

interface Guard {
  readonly path: string;
  readonly encode: (response: unknown) => Buffer;
  readonly errors: InternalErrors;
}

function guardedMethod(handler: Method, guard: Guard): Method {
  const { path, errors } = guard;
  return (call, answer) => {
    if (answer === undefined) guardListeners(call, guard);
    const tell = answer && encodedFirst(answer, guard);
    try {
      handler(call, tell);
    } catch (error) {
      const told = errors.answer(error, path);
      if (answer === undefined) call.emit("error", told);
      else answer(told);
    }
  };
}

// Every event of a stream passes here, so that no listener can be forgotten. A listener of "error" that throws is only
// noted: the stream is ending by then.
function guardListeners(call: Call, { path, errors }: Guard): void {
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

// grpc-js answers what it can't encode with a bare INTERNAL. Encoded here, the failure can be told with its id.
function encodedFirst(answer: Answer, { encode }: Guard): Answer {
  return (error, value, trailer, flags) => {
    if (error !== null) {
      answer(error, value, trailer, flags);
      return;
    }
    let bytes: Buffer;
    try {
      bytes = encode(value);
    } catch (failed) {
      answer(failed as RpcError);
      return;
    }
    answer(null, bytes, trailer, flags);
  };
}

/** Encodes a response, be it encoded already; throws an RpcError under whose id the failure was noted. */
function noting(method: MethodDefinition<unknown, unknown>, errors: InternalErrors): Guard["encode"] {
  return (response) => {
    if (Buffer.isBuffer(response)) return response;
    try {
      return method.responseSerialize(response);
    } catch (error) {
      throw errors.answer(error, method.path);
    }
  };
}
