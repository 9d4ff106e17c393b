// A server of our HTTP/2 on a free port, and a session on a fake socket.

import { Duplex } from "node:stream";
import { Http2Server } from "../../../../src/core/wire/http2/http2-server.ts";
import type { KeepaliveTimes } from "../../../../src/core/wire/http2/keepalive.ts";
import { type ConnectionError, FRAME_HEAD_BYTES, PREFACE } from "../../../../src/core/wire/http2/protocol.ts";
import { ServerSession } from "../../../../src/core/wire/http2/server-session.ts";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";

export const KEEPALIVE = { everyMs: 60_000, withinMs: 60_000 };

export async function listening(onStream: (stream: ServerStream) => void, maxStreams = 100) {
  const bugs: unknown[] = [];
  const onBug = (error: unknown) => bugs.push(error);
  const server = new Http2Server({ secureContext: null, maxStreams, keepalive: KEEPALIVE, onBug });
  server.on("stream", onStream);
  const port = await server.listen("127.0.0.1", 0);
  return { server, port, bugs, close: () => server.close(50) };
}

/** The other end of a connection, in memory. What it is given leaves when `release` is called, if it is slow. */
export class FakeSocket extends Duplex {
  readonly remoteAddress = "127.0.0.1";
  readonly written: Buffer[] = [];
  isSlow = false;
  /** As of real sockets: its end comes a pass after it broke. */
  closesLate = false;
  /** It does not end when the server has. */
  staysOpen = false;
  #waiting: ((error?: Error) => void) | null = null;

  override _read(): void {}

  override _write(bytes: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    this.written.push(bytes);
    if (this.isSlow) this.#waiting = done;
    else done();
  }

  override _final(done: () => void): void {
    done();
    if (!this.staysOpen) this.push(null);
  }

  override _destroy(_: Error | null, done: (error: null) => void): void {
    if (this.closesLate) setImmediate(done, null);
    else done(null);
  }

  /** `error`: why the write under way has failed. */
  release(error?: Error): void {
    const done = this.#waiting;
    this.#waiting = null;
    done?.(error);
  }

  get frames(): Frame[] {
    return framesIn(Buffer.concat(this.written));
  }
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Whole frames. */
export function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at + FRAME_HEAD_BYTES <= bytes.length; ) {
    const end = at + FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3);
    const [type = 0, flags = 0] = [bytes[at + 3], bytes[at + 4]];
    frames.push({ type, flags, stream: bytes.readUInt32BE(at + 5), payload: bytes.subarray(at + 9, end) });
    at = end;
  }
  return frames;
}

export function frameOf(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()) {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The preface, and settings without a value. */
export const HELLO = Buffer.concat([PREFACE, frameOf(4, 0, 0)]);

export function sessionOn(
  socket: FakeSocket,
  onStream: (stream: ServerStream) => void,
  maxStreams = 100,
  keepalive: KeepaliveTimes = KEEPALIVE,
) {
  const bugs: unknown[] = [];
  let reads = 0;
  const invalid: ConnectionError[] = [];
  const session = new ServerSession(socket as never, maxStreams, {
    ...{ keepalive, now: () => 0, onStream },
    onRead: () => {
      reads += 1;
    },
    onBug: (error) => bugs.push(error),
    onInvalid: (error) => invalid.push(error),
  });
  session.start();
  return { session, bugs, invalid, reads: () => reads };
}
