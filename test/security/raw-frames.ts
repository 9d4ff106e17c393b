// HTTP/2 frames as bytes, well formed or not, on a TLS connection without an HTTP/2 library.

import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";

export const FRAMES = {
  ...{ data: 0, headers: 1, priority: 2, reset: 3, settings: 4, ping: 6, goaway: 7 },
  ...{ window: 8, continuation: 9, origin: 12, unknown: 0x77 },
} as const;
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function times(count: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => bytes));
}

export const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** HPACK: a field with both texts written out; `isKept` puts it into the dynamic table (RFC 7541, 6.2). */
export function field(name: string, value: string, isKept = false): Buffer {
  return Buffer.concat([Buffer.from([isKept ? 0x40 : 0]), text(name), text(value)]);
}

/** HPACK: the field that was put into the dynamic table last. */
export const LAST_FIELD = 0xbe;

/** The headers of a gRPC call. */
export function callHeaders(path: string): Buffer {
  const [post, https, pathName, authority] = [0x83, 0x87, 0x04, 0x01];
  return Buffer.concat([
    Buffer.from([post, https]),
    ...[Buffer.from([authority]), text("x"), Buffer.from([pathName]), text(path)],
    field("content-type", "application/grpc"),
  ]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let left = bytes.length - 127;
  for (; left >= 128; left >>= 7) length.push((left & 127) | 128);
  return Buffer.concat([Buffer.from([...length, left]), bytes]);
}

/** What a caller shows, as PEM. */
export interface OwnPair {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

/** TLS alone: HTTP/2 has not begun. */
export async function openTls(address: string, { cert, key }: OwnPair): Promise<TLSSocket> {
  const [host, port] = address.split(":");
  const socket = connect({
    ...{ host, port: Number(port), cert, key, ALPNProtocols: ["h2"] },
    rejectUnauthorized: false,
  });
  await once(socket, "secureConnect");
  socket.on("error", () => undefined);
  return socket;
}

/** Connected, and HTTP/2 has begun. `settings`: pairs of identifier and value. */
export async function openRaw(
  address: string,
  pair: OwnPair,
  settings: readonly (readonly [number, number])[] = [],
): Promise<TLSSocket> {
  const socket = await openTls(address, pair);
  const pairs = settings.map(([id, value]) => Buffer.concat([Buffer.from([0, id]), number(value)]));
  socket.write(Buffer.concat([PREFACE, frame(FRAMES.settings, 0, 0, Buffer.concat(pairs))]));
  return socket;
}

/**
 * Writes as fast as the server reads, until it closes the connection, or has read `bytesMax`; resolves to whether the
 * server closed it.
 */
export async function flood(socket: TLSSocket, next: () => Buffer, bytesMax: number): Promise<boolean> {
  const closed = new Promise((resolve) => socket.once("close", resolve));
  for (let sent = 0; socket.writable && sent < bytesMax; ) {
    const bytes = next();
    sent += bytes.length;
    if (!socket.write(bytes))
      await Promise.race([closed, new Promise((resolve) => socket.once("drain", resolve))]);
    else await new Promise((resume) => setImmediate(resume));
  }
  const late = new Promise<false>((resolve) => setTimeout(resolve, CLOSED_WITHIN_MS, false).unref());
  return await Promise.race([closed.then(() => true), late]);
}

const CLOSED_WITHIN_MS = 5_000;
