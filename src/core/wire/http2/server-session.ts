// One connection of HTTP/2, the server's side (RFC 9113). What must stay true: whatever the peer sends, nothing is
// thrown out of the socket's handler. A broken rule of the connection ends it with GOAWAY and the standard's code; one of
// a stream resets that stream. Streams close once, at the latest with the connection. A listener that throws keeps no
// other one from hearing of it.

import type { Socket } from "node:net";
import type { MonotonicMs } from "../../base/clock.ts";
import { FrameReader } from "./frame-reader.ts";
import type { RequestHeaders } from "./hpack/header-list.ts";
import { IncomingFrames, type Receiver } from "./incoming-frames.ts";
import { Keepalive, type KeepaliveTimes } from "./keepalive.ts";
import { OpenStreams } from "./open-streams.ts";
import { Output } from "./output.ts";
import {
  CODE,
  ConnectionError,
  FRAME,
  frame,
  GIVE_BACK_BYTES,
  HEADER_LIST_BYTES_MAX,
  numberFrame,
  SETTING,
  settingsFrame,
} from "./protocol.ts";
import { Reading } from "./reading.ts";
import { Sender } from "./sender.ts";
import { ServerStream, type StreamSession } from "./server-stream.ts";

/** What does not leave within it is lost, and so is the patience for the peer's own end. */
const FAREWELL_MS = 1_000;
/** What a peer may send after the end, unread. Each read counts as a kilobyte at least: it may hold a byte. */
const FAREWELL_BYTES_MAX = 1024 * 1024;
const READ_BYTES_MIN = 1024;
const PING = frame(FRAME.ping, 0, 0, Buffer.from("fleet-hb"));

export interface SessionOptions {
  readonly keepalive: KeepaliveTimes;
  readonly now: () => MonotonicMs;
  /** Bytes have arrived, and are handled after this. */
  readonly onRead: () => void;
  readonly onStream: (stream: ServerStream) => void;
  /** The peer broke a rule, and the connection ends. */
  readonly onInvalid: (error: ConnectionError) => void;
  /** A bug of ours ends the connection. */
  readonly onBug: (error: unknown) => void;
}

export class ServerSession implements StreamSession {
  readonly socket: Socket;
  /** Of the other end, without the port. */
  readonly from: string;
  /** Counts until the first settings leave. */
  maxStreams: number;
  destroyed = false;
  readonly #options: SessionOptions;
  readonly #reader = new FrameReader((...frame) => this.#incoming.take(...frame));
  readonly #output: Output;
  readonly #sender: Sender;
  readonly #reading: Reading;
  readonly #streams = new OpenStreams<ServerStream>();
  readonly #onClose: (() => void)[] = [];
  readonly #incoming: IncomingFrames;
  #keepalive: Keepalive | null = null;
  /** No further calls are accepted; the connection ends with its last one. */
  #isLeaving = false;
  #isEnding = false;
  /** That arrived after the end. */
  #lateBytes = 0;
  /** The last stream that a farewell named. */
  #announced: number | null = null;

  constructor(socket: Socket, maxStreams: number, options: SessionOptions) {
    this.socket = socket;
    this.from = socket.remoteAddress ?? "";
    this.maxStreams = maxStreams;
    this.#options = options;
    this.#output = new Output(socket, () => this.#onRoom());
    this.#sender = new Sender(this.#output, (stream) => this.#answered(stream));
    this.#reading = new Reading(socket);
    this.#incoming = new IncomingFrames(this.#receiver());
  }

  /** Says its settings, and begins to read. */
  start(): void {
    const { socket } = this;
    socket.on("error", () => this.destroy());
    socket.once("close", () => this.#closed());
    if (this.destroyed || socket.destroyed) return;
    this.#output.push(
      settingsFrame([
        [SETTING.maxStreams, this.maxStreams],
        [SETTING.headerList, HEADER_LIST_BYTES_MAX],
      ]),
    );
    const ping = () => this.#output.push(PING);
    const hasCall = () => this.#streams.size > 0;
    this.#keepalive = new Keepalive(this.#options.keepalive, ping, () => this.destroy(), hasCall);
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
  }

  onClose(listener: () => void): void {
    this.#onClose.push(listener);
  }

  /** Data of calls, as they arrive: also of those that wait for their turn. */
  get callBytes(): number {
    return this.#incoming.callBytes;
  }

  get pushed(): number {
    return this.#output.pushed;
  }

  hasLeft(pushed: number): boolean {
    return this.#output.hasLeft(pushed);
  }

  stopReading(): void {
    this.#pace(() => this.#reading.stop("paced"));
  }

  readOn(): void {
    this.#pace(() => this.#reading.goOn("paced"));
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#stop();
    this.socket.destroy();
  }

  /** Accepts no more calls; ends when those under way have ended (RFC 9113, 6.8). */
  leave(): void {
    if (this.#isLeaving || this.destroyed) return;
    this.#isLeaving = true;
    this.#output.push(this.#goaway(CODE.noError));
    this.#endIfLeft();
  }

  // What streams ask for.

  widen(stream: ServerStream, bytes: number): void {
    stream.readBytes += bytes;
    if (stream.readBytes < GIVE_BACK_BYTES || stream.isReceived || stream.isClosed) return;
    stream.receiveWindow += stream.readBytes;
    this.#output.push(numberFrame(FRAME.window, stream.id, stream.readBytes));
    stream.readBytes = 0;
  }

  send(stream: ServerStream): void {
    this.#sender.send(stream);
  }

  begin(stream: ServerStream): void {
    this.#sender.begin(stream);
  }

  whole(stream: ServerStream, message: Buffer): boolean {
    return this.#sender.whole(stream, message);
  }

  refuse(stream: ServerStream, block: Buffer): void {
    this.#sender.refuse(stream, block);
  }

  reset(stream: ServerStream, code: number): void {
    if (this.destroyed || stream.isClosed) return;
    this.#output.push(numberFrame(FRAME.reset, stream.id, code));
    this.#close(stream);
  }

  bug(error: unknown): void {
    this.#options.onBug(error);
  }

  // What the peer sends.

  #take(bytes: Buffer): void {
    // Node gives away what a socket had read before it broke. Its calls have no identity and no caller any more.
    if (this.socket.destroyed) return;
    this.#options.onRead();
    if (this.#isEnding) {
      this.#lateBytes += Math.max(READ_BYTES_MIN, bytes.length);
      if (this.#lateBytes > FAREWELL_BYTES_MAX) this.destroy();
      return;
    }
    this.#guard(() => this.#reader.take(bytes));
    if (this.#output.isOverfull) this.#guard(() => this.#reading.stop("full"));
  }

  /** Nothing is thrown out of a connection: whatever goes wrong ends it. */
  #guard(action: () => void): void {
    if (!this.#isEnding) this.#pace(action);
  }

  /** So is what is done until the socket closes. */
  #pace(action: () => void): void {
    if (this.destroyed) return;
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.destroyed) return;
    if (error instanceof ConnectionError) this.#options.onInvalid(error);
    else this.#options.onBug(error);
    if (this.destroyed) return;
    this.#output.push(this.#goaway(error instanceof ConnectionError ? error.code : CODE.internal));
    this.#end();
  }

  #onRoom(): void {
    this.#guard(() => {
      this.#sender.sendWaiting();
      if (!this.#output.isOverfull) this.#reading.goOn("full");
    });
  }

  #receiver(): Receiver {
    const session = this;
    return {
      ...{ now: this.#options.now, streams: this.#streams, output: this.#output, sender: this.#sender },
      get hasRoom() {
        return session.#streams.size < session.maxStreams;
      },
      get isLeaving() {
        return session.#isLeaving;
      },
      open: (id, headers, endsStream) => this.#open(id, headers, endsStream),
      widen: (stream, bytes) => this.widen(stream, bytes),
      close: (stream) => this.#close(stream),
      heard: () => this.#keepalive?.heard(),
      pinged: () => this.#keepalive?.answered() === true,
      farewell: () => {
        this.#isLeaving = true;
        this.#endIfLeft();
      },
    };
  }

  #open(id: number, headers: RequestHeaders, endsStream: boolean): void {
    const stream = new ServerStream(id, this, headers);
    stream.isReceived = endsStream;
    if (this.#streams.size === 0 && this.#options.keepalive.needsCall === true) this.#keepalive?.heard();
    this.#streams.add(stream);
    try {
      this.#options.onStream(stream);
    } catch (error) {
      this.bug(error);
      stream.reset(CODE.internal);
    }
  }

  // The ends of streams and of the connection.

  /** An answer is whole: a caller that is still sending need send no more (RFC 9113, 8.1). */
  #answered(stream: ServerStream): void {
    if (!stream.isReceived) this.#output.push(numberFrame(FRAME.reset, stream.id, CODE.noError));
    this.#close(stream);
  }

  #close(stream: ServerStream): void {
    if (!stream.isReceived) this.#incoming.crosses(stream.id);
    this.#streams.remove(stream);
    this.#sender.forget(stream);
    stream.close();
    this.#endIfLeft();
  }

  #endIfLeft(): void {
    if (this.#isLeaving && this.#streams.size === 0 && !this.destroyed) this.#end();
  }

  #goaway(code: number): Buffer {
    const payload = Buffer.alloc(8);
    // What was announced once may not grow: the peer makes the later calls elsewhere (RFC 9113, 6.8).
    this.#announced ??= this.#incoming.lastStream;
    payload.writeUInt32BE(this.#announced, 0);
    payload.writeUInt32BE(code, 4);
    return frame(FRAME.goaway, 0, 0, payload);
  }

  /**
   * What waits leaves, if the peer takes it soon. What the peer still sends is dropped until its own end. A socket that
   * closes with unread bytes resets the connection, and the peer may lose our last answers (RFC 9113, 6.8).
   */
  #end(): void {
    if (this.#isEnding || this.destroyed) return;
    this.#isEnding = true;
    this.#reader.end();
    this.#keepalive?.end();
    this.#closeStreams();
    const late = setTimeout(() => this.destroy(), FAREWELL_MS).unref();
    this.onClose(() => clearTimeout(late));
    this.socket.end(this.#output.end());
    // What may not be read in this pass is dropped in the next one.
    this.#pace(() => this.#reading.goOn("full"));
  }

  #stop(): void {
    this.#reader.end();
    this.#keepalive?.end();
    this.#output.end();
  }

  #closeStreams(): void {
    for (const stream of this.#streams.takeAll()) {
      this.#sender.forget(stream);
      stream.close();
    }
  }

  #closed(): void {
    this.destroyed = true;
    this.#stop();
    this.#closeStreams();
    for (const listener of this.#onClose.splice(0)) {
      try {
        listener();
      } catch (error) {
        this.bug(error);
      }
    }
  }
}
