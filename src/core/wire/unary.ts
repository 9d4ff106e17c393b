// Unary calls as promises that can be aborted and always carry a deadline.

import type { CallOptions, ClientUnaryCall, ServiceError } from "@grpc/grpc-js";
import { Metadata } from "@grpc/grpc-js";
import { type MonotonicMs, wallTimeOf } from "../base/clock.ts";

export interface CallLimits {
  /** When the call ends, answered or not. */
  readonly endMs: MonotonicMs;
  readonly signal?: AbortSignal;
  readonly metadata?: Metadata;
}

type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** Calls `unary(client.getStatus.bind(client), request, limits)`; rejects with grpc-js's ServiceError. */
export function unary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
  limits: CallLimits,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const abort = () => call.cancel();
    const call = method(
      request,
      limits.metadata ?? new Metadata(),
      { deadline: wallTimeOf(limits.endMs) },
      (error, response) => {
        limits.signal?.removeEventListener("abort", abort);
        if (error === null) resolve(response);
        else reject(error);
      },
    );
    if (limits.signal?.aborted === true) abort();
    else limits.signal?.addEventListener("abort", abort, { once: true });
  });
}
