// A plain HTTP port that answers GET and HEAD with pages, for scrapers and probes. It has no identities, and
// bounds connections and time (bounded-connections.ts), and what it reads (one-request.ts).

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Exit, OperatorError } from "../base/errors.ts";
import { isErrno } from "../base/system-error.ts";
import { BoundedConnections, type Bounds } from "./bounded-connections.ts";
import { type Head, type Page, readHead, refusal, sendPage } from "./one-request.ts";

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
  readonly #connections: BoundedConnections;

  private constructor(server: Server, connections: BoundedConnections, address: string) {
    this.#server = server;
    this.#connections = connections;
    this.address = address;
  }

  /** Throws an OperatorError when it can't listen. */
  static async open(options: HttpPortOptions): Promise<HttpPort> {
    // Some callers close their side once they have asked.
    const server = createServer({ allowHalfOpen: true });
    const connections = new BoundedConnections(server, options.bounds);
    server.on("connection", (socket) => void serve(socket, options, connections));
    const port = await listen(server, options);
    return new HttpPort(server, connections, formatAddress(options.host, port));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#connections.closeAll();
    });
  }
}

async function serve(
  socket: Socket,
  { get }: HttpPortOptions,
  connections: BoundedConnections,
): Promise<void> {
  // The caller has disconnected: 'close' follows.
  socket.on("error", () => undefined);
  const head = await readHead(socket);
  if (head === null) {
    socket.destroy();
    return;
  }
  connections.asked(socket);
  sendPage(
    socket,
    "code" in head ? head : await pageOf(head, get),
    "method" in head && head.method === "HEAD",
  );
  connections.answered(socket);
}

function pageOf({ method, path }: Head, get: HttpPortOptions["get"]): Promise<Page> | Page {
  return method === "GET" || method === "HEAD" ? get(path) : refusal(405, "only GET and HEAD");
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
