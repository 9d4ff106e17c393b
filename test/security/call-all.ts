// Every method of a server on one connection, with bytes that no decoder takes: what answers to them has read them.

import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import type { PemPair } from "../../src/client/cert/certs.ts";
import { RpcError, readRpcError } from "../../src/core/wire/rpc-error.ts";
import { header } from "../integration/raw-call.ts";

/** Less than a stranger may have open at once. */
const AT_ONCE = 16;
const NO_MESSAGE = Buffer.alloc(20, 0xff);
const HEADERS = { ":method": "POST", te: "trailers", "content-type": "application/grpc" };

export interface Dialer {
  readonly address: string;
  readonly ca: Buffer;
  /** Null: it shows no certificate. */
  readonly pair: PemPair | null;
  /** Where it comes from, on this machine. */
  readonly from?: string;
}

/**
 * What each path was answered. It is the reason of a refusal, or "let in" if there was none or the bytes were read.
 * It is "closed" if the connection ended without an answer.
 */
export async function callAll(paths: readonly string[], dialer: Dialer): Promise<Record<string, string>> {
  const session = dial(dialer);
  const answers: Record<string, string> = {};
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const some = paths.slice(at, at + AT_ONCE);
    const told = await Promise.all(some.map((path) => call(session, path)));
    for (const [index, path] of some.entries()) answers[path] = told[index] ?? "";
  }
  session.destroy();
  return answers;
}

function dial({ address, ca, pair, from: localAddress }: Dialer): ClientHttp2Session {
  const own = pair === null ? {} : { cert: pair.certificate, key: pair.key };
  const where = localAddress === undefined ? {} : { localAddress };
  // Whom it dials is not what is asked here.
  const session = connect(`https://${address}`, {
    ca,
    ...own,
    ...where,
    checkServerIdentity: () => undefined,
  });
  session.on("error", () => undefined);
  return session;
}

async function call(session: ClientHttp2Session, path: string): Promise<string> {
  if (session.destroyed || session.closed) return "closed";
  const stream = session.request({ ...HEADERS, ":path": path });
  const answer = new Promise<IncomingHttpHeaders | "closed" | "let in">((resolve) => {
    stream.on("response", (first) => resolve(first["grpc-status"] === undefined ? "let in" : first));
    stream.on("close", () => resolve("closed"));
  });
  stream.on("error", () => undefined);
  stream.write(Buffer.concat([header(NO_MESSAGE.length), NO_MESSAGE]));
  stream.end();
  stream.resume();
  const told = await answer;
  stream.close();
  return typeof told === "string" ? told : reasonIn(told);
}

function reasonIn({ "grpc-status": code, "grpc-message": message, ...rest }: IncomingHttpHeaders): string {
  const error = new RpcError(Number(code), String(message ?? ""), Metadata.fromHttp2Headers(rest));
  const { reason } = readRpcError(error);
  return reason === "IDENTITY_MISSING" || reason === "PERMISSION_DENIED" ? reason : "let in";
}
