// A plain HTTP port that answers GET and HEAD with pages, for scrapers and probes. It has no identities, and
// bounds connections and time (bounded-connections.ts).

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Exit, OperatorError } from "../base/errors.ts";
import { isErrno } from "../base/system-error.ts";
import { type Bounds, boundConnections } from "./bounded-connections.ts";

export const PLAIN_TEXT = "text/plain; charset=utf-8";

// Requests here have no body and only a few headers.
const HEADER_BYTES_MAX = 8 * 1024;

export interface Page {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

export interface HttpPortOptions {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** The port's purpose and the flag that sets it, for errors. */
  readonly purpose: string;
  readonly flag: string;
  readonly bounds: Bounds;
  readonly get: (path: string) => Promise<Page>;
}

export class HttpPort {
  /** host:port that it really listens on. */
  readonly address: string;
  readonly #server: Server;

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  /** Throws an OperatorError when it can't listen. */
  static async open(options: HttpPortOptions): Promise<HttpPort> {
    const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (request, response) => {
      void answer(options, request, response);
    });
    server.requestTimeout = options.bounds.headersWithinMs;
    boundConnections(server, options.bounds);
    const port = await listen(server, options);
    return new HttpPort(server, formatAddress(options.host, port));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

async function answer(
  { get }: HttpPortOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const isRead = request.method === "GET" || request.method === "HEAD";
  const [path = "/"] = (request.url ?? "/").split("?");
  const page = isRead ? await get(path) : { code: 405, type: PLAIN_TEXT, body: "only GET and HEAD\n" };
  response.writeHead(page.code, {
    "content-type": page.type,
    "content-length": Buffer.byteLength(page.body),
    // An unexpected body is not read.
    ...(isRead ? {} : { connection: "close" }),
  });
  response.end(request.method === "HEAD" ? undefined : page.body);
}

function listen(server: Server, options: HttpPortOptions): Promise<number> {
  const { host, port } = options;
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(cannotListen(options, cause)));
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });
}

function cannotListen({ host, port, purpose, flag }: HttpPortOptions, cause: Error): OperatorError {
  const address = formatAddress(host, port);
  const isTaken = isErrno(cause, "EADDRINUSE");
  return new OperatorError(isTaken ? "PORT_TAKEN" : "CANNOT_LISTEN", {
    what: `cannot listen on ${address} for ${purpose}`,
    why: isTaken ? "another process listens there" : cause.message,
    next: isTaken
      ? `find it with: ss -ltnp 'sport = :${port}'; or give another ${flag}`
      : `check the address of ${flag}`,
    exit: Exit.Precondition,
    cause,
  });
}

function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
