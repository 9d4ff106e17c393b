// gRPC's failures in an operator's words. grpc-js describes its own machinery ("No connection established.
// Last error: … Resolution note:", "Waiting for LB pick"); an operator needs to know what to check. Pure.

import { status } from "@grpc/grpc-js";
import type { RpcFailure } from "../core/wire/rpc-error.ts";

const NEVER_CONNECTED = /^No connection established\. Last error: (?:Error: )?(.*?)\.? Resolution note:.*$/s;
const DEADLINE = /^Deadline exceeded after ([\d.]+)s/;

// OpenSSL's words about the other side's certificate or its issuer.
const CERTIFICATE_TIME = /\bcertificate (has expired|is not yet valid)/;
// OpenSSL's words when the first bytes from the server are plain text, such as a web server's answer.
const NO_TLS = /wrong[ _]version[ _]number|http[ _]request|packet length too long|unknown protocol/i;
const WORDS_OF_TIME: Readonly<Record<string, string>> = {
  "has expired":
    "its certificate has expired: renew it with fleet cert rotate, or with fleet cert issue on a host of its own",
  "is not yet valid": "its certificate is not valid yet, or this machine's clock is slow",
};

const BY_ERRNO: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ETIMEDOUT: "connection timed out",
};

/**
 * One short clause. A server's own words are left unchanged. `address`: who failed, where it is not shown
 * beside the clause.
 */
export function failureWords(failure: RpcFailure, address = "it"): string {
  if (failure.reason !== null) return failure.message;
  const seconds = DEADLINE.exec(failure.message)?.[1];
  if (failure.code === status.DEADLINE_EXCEEDED && seconds !== undefined) {
    return silenceWords(Number(seconds) * 1_000);
  }
  // This client cancelled a silent stream.
  if (failure.code === status.CANCELLED) return "no answer";
  const cause = NEVER_CONNECTED.exec(failure.message)?.[1];
  return cause === undefined ? failure.message : connectionWords(cause, address);
}

/** What is said of a node that was given so long to answer. */
export const silenceWords = (limitMs: number): string => `no answer within ${(limitMs / 1_000).toFixed(1)} s`;

/** Whether the listening process does not serve a fleet's port. */
export const speaksNoTls = (failure: RpcFailure): boolean =>
  failure.code === status.UNAVAILABLE && NO_TLS.test(failure.message);

/** Whether the two sides refused each other's certificates. */
export function isTlsFailure(failure: RpcFailure): boolean {
  return failure.code === status.UNAVAILABLE && /certificate|SSL|TLS|EPROTO/i.test(failure.message);
}

function connectionWords(cause: string, address: string): string {
  const errno = /\bE[A-Z]{3,}\b/.exec(cause)?.[0];
  const known = errno === undefined ? undefined : BY_ERRNO[errno];
  if (known !== undefined) return known;
  if (NO_TLS.test(cause)) return `${address} does not speak TLS: something else listens at this address`;
  const certificate = CERTIFICATE_TIME.exec(cause)?.[1];
  if (certificate !== undefined) return WORDS_OF_TIME[certificate] ?? cause;
  // grpc-js's only message about a connection that the other side closed during the handshake.
  if (cause.startsWith("Failed to connect")) return "the connection was closed while it was set up";
  return cause;
}
