// Makes a server listen, with an operator's error when it can't.

import type { SecureContextOptions } from "node:tls";
import { Exit, OperatorError } from "../../base/errors.ts";
import { isErrno } from "../../base/system-error.ts";
import type { Http2Server } from "../http2/http2-server.ts";
import { assertLoopback } from "../tls/credentials.ts";
import type { Tls } from "../tls/tls.ts";

/** Listens on `listen` (host:port, port 0 for a free one); resolves to the address with the real port. */
export async function bindServer(server: Http2Server, listen: string, tls: Tls): Promise<string> {
  if (tls === "insecure-loopback") assertLoopback(listen);
  // A new context has new keys for session tickets, so tickets of a removed authority's clients are invalid.
  else server.once("close", tls.onChange?.(() => server.renew()) ?? (() => undefined));
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(listen) ?? [];
  try {
    const bound = await server.listen(host.replace(/^\[|\]$/g, ""), Number(port));
    return `${host}:${bound}`;
  } catch (error) {
    throw cannotListen(listen, error as Error);
  }
}

// TLS 1.2 has suites without forward secrecy or without authenticated encryption: if TLS 1.2 is enabled, only
// these are.
const SUITES = [
  ...["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"],
  ...["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
  ...["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ...["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"],
].join(":");

/** The present certificates for each connection; a client without a valid one fails in the handshake. Null: plaintext. */
export function secureContextOf(tls: Tls): (() => SecureContextOptions) | null {
  if (tls === "insecure-loopback") return null;
  return () => {
    const { ca, cert, key, minVersion = "TLSv1.3" } = tls;
    return { ca, cert, key, minVersion, ciphers: SUITES };
  };
}

function cannotListen(listen: string, cause: Error): OperatorError {
  const isTaken = isErrno(cause, "EADDRINUSE");
  return new OperatorError(isTaken ? "PORT_TAKEN" : "CANNOT_LISTEN", {
    what: `cannot listen on ${listen}`,
    why: isTaken ? "another process listens there" : cause.message,
    next: isTaken
      ? `find it with: ss -ltnp 'sport = :${listen.split(":").pop()}'`
      : "check the listen address",
    exit: Exit.Precondition,
    cause,
  });
}
