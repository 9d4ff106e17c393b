// The stream of frames to a peer, on a connection of its own (ADR-0069). It is a call of the Raft service's Exchange,
// with gRPC's framing and status. The other calls to a peer stay with grpc-js. What must stay true: a stream ends once,
// with null or the error that the peer gave. A connection that cannot be made ends it too. The peer's certificate is
// checked as for every other call.

import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type Metadata as CallMetadata, Metadata, status } from "@grpc/grpc-js";
import { serializerOf } from "../base/encode-message.ts";
import { type RaftFrame as Frame, RaftFrame, RaftHello, RaftService } from "../wire/gen/fleet/v1/raft.ts";
import { ClientStream } from "../wire/http2/client-stream.ts";
import type { HeaderValues } from "../wire/http2/hpack/header-list.ts";
import type { KeepaliveTimes } from "../wire/http2/keepalive.ts";
import { RpcError } from "../wire/rpc-error.ts";
import { framed, MessageCutter } from "../wire/server/message-frames.ts";
import { assertLoopback, serverCheck } from "../wire/tls/credentials.ts";
import { cutWhenRevoked } from "../wire/tls/revoked-connections.ts";
import type { Tls } from "../wire/tls/tls.ts";

/** From the first packet to the end of the TLS handshake. */
const CONNECT_MS_MAX = 5_000;
const HELLO_BYTES_MAX = 64 * 1024;
/** Addresses are no names for SNI (channel-options.ts). */
const SERVER_NAME = "fleet.invalid";

const encode = serializerOf(RaftFrame.encode);

export interface PeerStreamEvents {
  hello(hello: RaftHello): void;
  /** Frames waited, and all of them have left now. */
  drained(): void;
  /** Null: the peer has ended it. */
  ended(why: RpcError | null): void;
}

export interface PeerStream {
  /** False: frames wait, and `drained` follows. */
  write(frame: Frame): boolean;
  cancel(): void;
}

/** Where a peer is, and how it is asked. */
export interface Dialed {
  /** host:port. */
  readonly address: string;
  readonly tls: Tls;
  readonly keepalive: KeepaliveTimes;
}

export function openPeerStream(to: Dialed, metadata: CallMetadata, events: PeerStreamEvents): PeerStream {
  return new DialedStream(to, metadata, events);
}

class DialedStream implements PeerStream {
  readonly #events: PeerStreamEvents;
  readonly #socket: Socket;
  readonly #cutter = new MessageCutter(HELLO_BYTES_MAX);
  #stream: ClientStream | null = null;
  #httpStatus: string | undefined;
  #isOver = false;

  constructor(to: Dialed, metadata: CallMetadata, events: PeerStreamEvents) {
    this.#events = events;
    const { address, tls, keepalive } = to;
    const socket = tls === "insecure-loopback" ? connectPlain(address) : dialTls(address, tls);
    this.#socket = socket;
    const late = setTimeout(() => socket.destroy(new Error("it takes too long to connect")), CONNECT_MS_MAX);
    late.unref();
    const failed = (error: Error) => this.#end(unavailable(error));
    socket.on("error", failed);
    socket.on("close", () => {
      clearTimeout(late);
      failed(new Error("the connection was closed"));
    });
    socket.once(tls === "insecure-loopback" ? "connect" : "secureConnect", () => {
      clearTimeout(late);
      if (this.#isOver) return;
      if (tls !== "insecure-loopback") cutWhenRevoked(socket, tls);
      if (socket.destroyed) return;
      this.#stream = new ClientStream(socket, fieldsOf(to, metadata), keepalive, {
        headers: (headers) => {
          this.#httpStatus = headers[":status"];
        },
        data: (bytes) => this.#data(bytes),
        drained: () => events.drained(),
        ended: (end) => this.#end(end instanceof Error ? unavailable(end) : this.#statusOf(end)),
      });
    });
  }

  write(frame: Frame): boolean {
    return this.#stream?.write(framed(encode(frame))) ?? false;
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#end(new RpcError(status.CANCELLED, "cancelled here", new Metadata()));
    if (this.#stream === null) this.#socket.destroy();
    else this.#stream.cancel();
  }

  #data(bytes: Buffer): void {
    const refused = this.#cutter.take(bytes, (message) => {
      if (!this.#isOver) this.#events.hello(RaftHello.decode(message));
      return null;
    });
    if (refused !== null) throw refused;
  }

  #statusOf(fields: HeaderValues): RpcError | null {
    const {
      ":status": httpStatus = this.#httpStatus,
      "grpc-status": code,
      "grpc-message": text = "",
    } = fields;
    if (httpStatus !== "200" || code === undefined) return unavailable(new Error("the answer is no gRPC"));
    if (Number(code) === status.OK) return null;
    return new RpcError(Number(code), textOf(text), Metadata.fromHttp2Headers({ ...fields }));
  }

  #end(why: RpcError | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.ended(why);
  }
}

function connectPlain(address: string): Socket {
  assertLoopback(address);
  return connect({ ...placeOf(address), noDelay: true });
}

/** With the present certificates. */
function dialTls(address: string, tls: Exclude<Tls, "insecure-loopback">): TLSSocket {
  const { ca, cert, key } = tls;
  const socket = connectTls({
    ...{ ...placeOf(address), ca, cert, key, servername: SERVER_NAME, ALPNProtocols: ["h2"] },
    checkServerIdentity: serverCheck(tls, address, "replica"),
  });
  socket.setNoDelay(true);
  socket.once("secureConnect", () => {
    if (socket.alpnProtocol !== "h2") socket.destroy(new Error("it does not speak HTTP/2"));
  });
  return socket;
}

function placeOf(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(address.slice(at + 1)) };
}

function fieldsOf({ address, tls }: Dialed, metadata: CallMetadata) {
  return {
    ":method": "POST",
    ":scheme": tls === "insecure-loopback" ? "http" : "https",
    ":authority": address,
    ":path": RaftService.exchange.path,
    te: "trailers",
    "content-type": "application/grpc+proto",
    ...(metadata.toHttp2Headers() as Readonly<Record<string, string | string[]>>),
  };
}

function unavailable({ message }: Error): RpcError {
  return new RpcError(status.UNAVAILABLE, message, new Metadata());
}

/** As `statusFields` of the server writes it; a text that is not so encoded stays as it is. */
function textOf(encoded: string): string {
  try {
    return decodeURI(encoded);
  } catch {
    return encoded;
  }
}
