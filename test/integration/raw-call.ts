// A gRPC call as a caller makes it that speaks HTTP/2 by itself, and keeps to no rule of gRPC's libraries.

import type { ClientHttp2Session, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import { RpcError, readRpcError } from "../../src/core/wire/rpc-error.ts";

export interface RawCall {
  /** Ends with the call. */
  readonly session: ClientHttp2Session;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  /** What is sent after the headers, chunk by chunk. */
  readonly bytes: readonly Uint8Array[];
  /** Otherwise the caller never says that this was all. */
  readonly ends?: boolean;
}

export const HEADERS = { ":method": "POST", te: "trailers", "content-type": "application/grpc+proto" };

/** The status that the server answers with, and the reason in its details. */
export async function raw({ session, path, headers, bytes, ends = true }: RawCall) {
  try {
    const stream = session.request({ ...HEADERS, ":path": path, ...headers });
    const told = new Promise<IncomingHttpHeaders>((resolve, reject) => {
      stream.on("response", (first) => {
        if (first["grpc-status"] !== undefined) resolve(first);
      });
      stream.on("trailers", resolve);
      stream.on("close", () => reject(new Error(`closed without a status, code ${stream.rstCode}`)));
    });
    stream.on("error", () => undefined);
    for (const chunk of bytes) stream.write(chunk);
    if (ends) stream.end();
    stream.resume();
    const { "grpc-status": code, "grpc-message": message, ...rest } = await told;
    const error = new RpcError(Number(code), String(message ?? ""), Metadata.fromHttp2Headers(rest));
    return { code: Number(code), reason: readRpcError(error).reason };
  } finally {
    session.destroy();
  }
}

/** What stands before a message of so many bytes. */
export function header(length: number, flag = 0): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = flag;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
