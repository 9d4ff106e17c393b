// Listens for connections of HTTP/2, over TLS or in plaintext. Deliberately absent: HTTP/1.1, pushes, and all that only
// clients or proxies need (ADR-0058).

import { lookup } from "node:dns/promises";
import { EventEmitter } from "node:events";
import { createServer, isIP, type Server, type Socket } from "node:net";
import { getDefaultHighWaterMark, setDefaultHighWaterMark } from "node:stream";
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type Server as TlsServer,
} from "node:tls";
import { systemClock } from "../../base/clock.ts";
import type { KeepaliveTimes } from "./keepalive.ts";
import type { ConnectionError } from "./protocol.ts";
import { ServerSession } from "./server-session.ts";
import type { ServerStream } from "./server-stream.ts";

/**
 * A socket that is not read takes one read from the system. By default it takes 64 KB. A peer that puts each byte in a
 * record of TLS makes 65 536 pieces of them, which need 30 MB of memory.
 */
const HELD_BYTES = 1;
/** Unless the options say another. */
const HANDSHAKE_MS_MAX = 5_000;
/** Of silence, before the system probes a connection. */
const TCP_PROBE_MS = 60_000;

export interface Http2Options {
  /** The present certificates; null = plaintext. */
  readonly secureContext: (() => SecureContextOptions) | null;
  /** Calls under way on one connection; "session" may lower it. */
  readonly maxStreams: number;
  readonly keepalive: KeepaliveTimes;
  /** From the first byte to the end of the TLS handshake. */
  readonly handshakeMs?: number;
  /** How long a connection from this address waits before its TLS handshake begins; null = it is closed. */
  readonly handshakeWaitMs?: (from: string) => number | null;
  readonly onBug: (error: unknown) => void;
}

interface Events {
  /** Before a handshake. */
  connection: [Socket];
  session: [ServerSession];
  /** Bytes of it have arrived, and are handled after this. */
  read: [ServerSession];
  stream: [ServerStream];
  /** The connection ends for what its peer sent. */
  invalid: [ServerSession, ConnectionError];
  tlsClientError: [Error, TLSSocket];
  close: [];
}

export class Http2Server extends EventEmitter<Events> {
  readonly #options: Http2Options;
  readonly #listeners: Server[] = [];
  /** Each shakes hands on the connections of one listener. */
  readonly #secure: TlsServer[] = [];
  readonly #sessions = new Set<ServerSession>();
  readonly #sockets = new Set<Socket>();
  #isClosing = false;

  constructor(options: Http2Options) {
    super();
    this.#options = options;
  }

  /** On all addresses of `host`; resolves to the port. Rejects when it can listen on none. */
  async listen(host: string, port: number): Promise<number> {
    const addresses = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host }];
    let bound = port;
    let failure: unknown = new Error(`${host} has no address`);
    for (const { address } of addresses) {
      const listener = this.#listener();
      try {
        bound = await listening(listener, address, bound);
        this.#listeners.push(listener);
      } catch (error) {
        failure = error;
      }
    }
    if (this.#listeners.length === 0) throw failure;
    return bound;
  }

  /** New connections use the present certificates. */
  renew(): void {
    const { secureContext } = this.#options;
    if (secureContext === null) return;
    for (const server of this.#secure) server.setSecureContext(secureContext());
  }

  /** Accepts no connection and no call any more; resolves when all have ended, those that stay after `graceMs` by force. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    const closed = this.#listeners.map((listener) => new Promise((resolve) => listener.close(resolve)));
    for (const session of this.#sessions) session.leave();
    const force = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await Promise.all(closed);
    clearTimeout(force);
    this.emit("close");
  }

  #listener(): Server {
    const { secureContext } = this.#options;
    const secure = secureContext === null ? null : this.#secureServer(secureContext());
    // The systems' own probes find a dead host, also where no ping is due (keepalive.ts).
    const tcp = { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_PROBE_MS };
    const options = { ...tcp, pauseOnConnect: secure !== null, highWaterMark: HELD_BYTES };
    return createServer(options, (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      this.emit("connection", socket);
      if (secure === null) this.#begin(socket);
      else this.#shakeHands(secure, socket);
    });
  }

  #shakeHands(secure: TlsServer, socket: Socket): void {
    const { handshakeWaitMs = () => 0 } = this.#options;
    const waitMs = handshakeWaitMs(socket.remoteAddress ?? "");
    const begin = () => holdingLittle(() => secure.emit("connection", socket));
    if (waitMs === null) socket.destroy();
    else if (waitMs === 0) begin();
    else {
      socket.on("error", () => undefined);
      const timer = setTimeout(begin, waitMs);
      socket.once("close", () => clearTimeout(timer));
    }
  }

  #secureServer(context: SecureContextOptions): TlsServer {
    const { handshakeMs = HANDSHAKE_MS_MAX } = this.#options;
    const server = createTlsServer({
      ...context,
      ...{ requestCert: true, rejectUnauthorized: true, handshakeTimeout: handshakeMs },
      ALPNProtocols: ["h2"],
    });
    server.on("secureConnection", (socket) => {
      // A broken record may follow the handshake at once, and must not reach the process.
      socket.on("error", () => socket.destroy());
      socket.disableRenegotiation();
      // A client that did not ask for HTTP/2 would not understand it.
      if (socket.alpnProtocol === "h2") this.#begin(socket);
      else socket.destroy();
    });
    server.on("tlsClientError", (error, socket) => {
      this.emit("tlsClientError", error, socket);
      // Node reports a handshake that takes too long, and leaves its socket open.
      socket.destroy();
    });
    this.#secure.push(server);
    return server;
  }

  #begin(socket: Socket): void {
    const { maxStreams, keepalive, onBug } = this.#options;
    const session = new ServerSession(socket, maxStreams, {
      ...{ keepalive, onBug, now: systemClock.monotonicMs },
      onRead: () => this.emit("read", session),
      onStream: (stream) => this.emit("stream", stream),
      onInvalid: (error) => this.emit("invalid", session, error),
    });
    this.#sessions.add(session);
    session.onClose(() => this.#sessions.delete(session));
    this.emit("session", session);
    session.start();
    // Its handshake was under way when the server closed.
    if (this.#isClosing) session.leave();
  }
}

/** Servers of TLS have no option for it: streams that are made meanwhile have it by default. */
function holdingLittle(make: () => void): void {
  const usual = getDefaultHighWaterMark(false);
  setDefaultHighWaterMark(false, HELD_BYTES);
  try {
    make();
  } finally {
    setDefaultHighWaterMark(false, usual);
  }
}

function listening(listener: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    listener.once("error", reject);
    listener.listen({ host, port, backlog: 511 }, () => {
      listener.removeListener("error", reject);
      listener.on("error", () => undefined);
      const address = listener.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
