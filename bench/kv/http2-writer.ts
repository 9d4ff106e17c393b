// A client of unary puts over node:http2, for what h2load cannot do: mutual TLS. One call at a time on each connection,
// as h2load's clients. It costs less than grpc-js, so that less of the servers' difference is hidden.

import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { present } from "../../src/core/base/assert.ts";
import type { Tls } from "../../src/core/wire/tls/tls.ts";
import type { Writer } from "../load/store.ts";
import { framed, PATHS } from "./requests.ts";

const BODY = framed("put");
const OK = "0";

export class Http2Writer implements Writer {
  readonly #sessions: readonly ClientHttp2Session[];
  readonly #free: ClientHttp2Session[];

  private constructor(sessions: readonly ClientHttp2Session[]) {
    this.#sessions = sessions;
    this.#free = [...sessions];
  }

  /** For so many writes at once. */
  static async open(address: string, tls: Tls, atOnce: number): Promise<Http2Writer> {
    const sessions = await Promise.all(Array.from({ length: atOnce }, () => openSession(address, tls)));
    return new Http2Writer(sessions);
  }

  async write(): Promise<void> {
    const session = present(this.#free.pop(), "there is a connection for each write at once");
    try {
      await put(session);
    } finally {
      this.#free.push(session);
    }
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

function openSession(address: string, tls: Tls): Promise<ClientHttp2Session> {
  const plain = tls === "insecure-loopback";
  const files = plain ? {} : { ca: tls.ca, cert: tls.cert, key: tls.key };
  const session = connect(`${plain ? "http" : "https"}://${address}`, files);
  return new Promise((resolve, reject) => {
    session.once("connect", () => resolve(session)).once("error", reject);
  });
}

function put(session: ClientHttp2Session): Promise<void> {
  const stream = session.request({
    ":method": "POST",
    ":path": PATHS.put,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(BODY);
  stream.resume();
  return ended(stream);
}

function ended(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    let status: unknown;
    const read = (headers: Readonly<Record<string, unknown>>) => {
      status = headers["grpc-status"] ?? status;
    };
    stream.on("response", read).on("trailers", read).on("error", reject);
    stream.on("close", () =>
      status === OK ? resolve() : reject(new Error(`grpc-status ${String(status)}`)),
    );
  });
}
