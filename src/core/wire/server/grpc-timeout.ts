// How long a caller waits, from gRPC's header: up to eight digits and a unit (gRPC over HTTP/2, "Timeout").

import { status } from "@grpc/grpc-js";
import { rpcError } from "../rpc-error.ts";

const UNITS_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Infinity without the header. Throws INVALID_ARGUMENT for a malformed one. */
export function timeoutMsOf(header: string | readonly string[] | undefined): number {
  if (header === undefined) return Number.POSITIVE_INFINITY;
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(String(header)) ?? [];
  const unitMs = UNITS_MS[unit];
  if (unitMs !== undefined) return Number(digits) * unitMs;
  throw rpcError(status.INVALID_ARGUMENT, "TIMEOUT_UNREADABLE", "grpc-timeout has up to 8 digits and a unit");
}
