// One call's stream of HTTP/2 (RFC 9113, 5.1): its request comes in, its answer goes out, and it closes once. What must
// stay true: a request that is not read has at most one window of bytes here. Bytes of an answer leave in order, and its
// end after them. Each listener hears of the close, also when another one throws.

import type { Socket } from "node:net";
import { assert } from "../../base/assert.ts";
import { HeldBytes } from "./held-bytes.ts";
import { announcedBytes, type RequestHeaders } from "./hpack/header-list.ts";
import { CODE, WINDOW_BYTES } from "./protocol.ts";

/** Who reads a request. */
export interface Reader {
  data(bytes: Buffer): void;
  /** All of it has arrived. */
  end(): void;
}

/** The connection of a stream, as its calls and the stream itself need it. */
export interface StreamSession {
  readonly socket: Socket;
  /** Of the other end, without the port. */
  readonly from: string;
  readonly destroyed: boolean;
  destroy(): void;
  stopReading(): void;
  readOn(): void;
  /** Gives bytes that were read back to the stream's window. */
  widen(stream: ServerStream, bytes: number): void;
  /** Sends what the windows let leave. */
  send(stream: ServerStream): void;
  begin(stream: ServerStream): void;
  whole(stream: ServerStream, message: Buffer): boolean;
  refuse(stream: ServerStream, block: Buffer): void;
  reset(stream: ServerStream, code: number): void;
  /** How much was to be sent so far, and whether so much has left. */
  readonly pushed: number;
  hasLeft(pushed: number): boolean;
  /** A listener or the reader of a stream has thrown this. */
  bug(error: unknown): void;
}

/** Hears how many bytes wait for their reader; false = they are too many. */
export type OnHeld = (bytes: number) => boolean;

/** The end of an answer: a good status, or fields that are written out. */
export type End = "ok" | Buffer;

export class ServerStream {
  readonly id: number;
  readonly session: StreamSession;
  readonly headers: RequestHeaders;
  /** Difference to the initial window of the connection, for what we send (RFC 9113, 6.9.2). */
  sendDelta = 0;
  /** Bytes that the caller may still send, and those that were read and not yet given back. */
  receiveWindow = WINDOW_BYTES;
  readBytes = 0;
  /** Bytes of the request that its headers announce and that have not come; null = they announce none. */
  missingBytes: number | null;
  /** The caller has sent its last byte. */
  isReceived = false;
  isClosed = false;
  /** Nothing of the request is read any more. */
  isDropped = false;
  /** An answer has begun. */
  hasAnswer = false;
  /** Its end has left. */
  hasEnded = false;
  end: End | null = null;
  readonly unsent: Buffer[] = [];
  /** Bytes of the answer that have left. */
  sentBytes = 0;
  #unsentBytes = 0;
  #reader: Reader | null = null;
  #isPaused = true;
  /** Its reader knows that all has arrived. */
  #isRead = false;
  readonly #held = new HeldBytes();
  /** Of the bytes that were given to the reader last. */
  #unused = 0;
  #onHeld: OnHeld | null = null;
  #onClose: (() => void)[] | null = null;
  #onSent: (() => void) | null = null;

  constructor(id: number, session: StreamSession, headers: RequestHeaders) {
    this.id = id;
    this.session = session;
    this.headers = headers;
    this.missingBytes = announcedBytes(headers);
  }

  /** Bytes of the answer that the caller's windows do not let leave. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** The caller has disconnected or cancelled, or has its answer. */
  get isGone(): boolean {
    return this.isClosed || this.session.destroyed;
  }

  /** From now on `reader` gets the request, first what has arrived already. */
  read(reader: Reader): void {
    this.#reader = reader;
    this.resume();
  }

  /** What comes is of no use: at most one window of it comes, and none is kept. */
  drop(): void {
    this.isDropped = true;
    this.#reader = null;
    this.#release();
  }

  /** From now on, bytes that wait for their reader are counted. */
  countHeld(onHeld: OnHeld): void {
    assert(this.#held.size === 0, "bytes are counted before they come");
    this.#onHeld = onHeld;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused || this.#reader === null) return;
    this.#isPaused = false;
    while (!this.#isPaused) {
      const next = this.#held.shift();
      if (next === null) break;
      this.#onHeld?.(this.#held.size);
      this.#give(next);
    }
    this.#tellEnd();
  }

  /** For the reader, while it is given bytes: it has paused, and did not use the last of them. They come again. */
  putBack(rest: Buffer): void {
    assert(this.#isPaused, "a reader that takes no more has paused");
    if (this.isDropped || this.isClosed) return;
    this.#held.putBack(rest);
    this.#unused = rest.length;
    if (this.#onHeld?.(this.#held.size) === false) this.reset(CODE.enhanceYourCalm);
  }

  onClose(listener: () => void): void {
    assert(!this.isClosed, "a stream closes once");
    if (this.#onClose === null) this.#onClose = [listener];
    else this.#onClose.push(listener);
  }

  /** The only answer: headers, message and a good status leave together. */
  answer(framed: Buffer): void {
    if (this.isGone) return;
    assert(!this.hasAnswer, "a call has one answer");
    if (this.session.whole(this, framed)) return;
    this.begin();
    this.write(framed, null);
    this.finish("ok");
  }

  /** Headers of an answer of many messages. */
  begin(): void {
    if (this.isGone || this.hasAnswer) return;
    this.hasAnswer = true;
    this.session.begin(this);
  }

  /** `sent`: called once the windows have let all bytes leave; not if the stream closes first. */
  write(bytes: Buffer, sent: (() => void) | null): void {
    assert(this.hasAnswer && this.end === null, "data come after headers and before the end");
    assert(bytes.length > 0, "each message has its head");
    if (this.isGone) return;
    this.unsent.push(bytes);
    this.#unsentBytes += bytes.length;
    this.session.send(this);
    if (this.#unsentBytes > 0) this.#onSent = sent;
    else if (!this.isClosed) sent?.();
  }

  finish(end: End): void {
    if (this.isGone || this.end !== null) return;
    assert(this.hasAnswer, "an answer begins before it ends");
    this.end = end;
    this.session.send(this);
  }

  /** An answer without a message. */
  refuse(block: Buffer): void {
    if (this.isGone) return;
    assert(!this.hasAnswer, "a call has one answer");
    this.hasAnswer = true;
    this.session.refuse(this, block);
  }

  reset(code: number = CODE.cancel): void {
    if (!this.isGone) this.session.reset(this, code);
  }

  /** For the connection: bytes of the request have arrived. */
  receive(bytes: Buffer): void {
    if (this.isDropped) return;
    if (!this.#isPaused) this.#give(bytes);
    else if (this.#onHeld?.(this.#held.size + bytes.length) === false) this.reset(CODE.enhanceYourCalm);
    else this.#held.push(bytes);
  }

  /** For the connection: the request has ended. */
  received(): void {
    this.isReceived = true;
    this.#tellEnd();
  }

  /** For the connection: so many bytes have left. */
  sent(bytes: number): void {
    this.#unsentBytes -= bytes;
    this.sentBytes += bytes;
    assert(this.#unsentBytes >= 0, "bytes leave once");
    if (this.#unsentBytes > 0 || this.#onSent === null) return;
    const sent = this.#onSent;
    this.#onSent = null;
    sent();
  }

  /** For the connection. */
  close(): void {
    assert(!this.isClosed, "a stream closes once");
    this.isClosed = true;
    this.#release();
    this.unsent.length = 0;
    this.#unsentBytes = 0;
    this.#onSent = null;
    const listeners = this.#onClose;
    this.#onClose = null;
    if (listeners === null) return;
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        this.session.bug(error);
      }
    }
  }

  #release(): void {
    this.#held.drop();
    this.#onHeld?.(0);
  }

  #tellEnd(): void {
    if (!this.isReceived || this.#isRead || this.#isPaused || this.isClosed) return;
    this.#isRead = true;
    this.#guard(() => this.#reader?.end());
  }

  #give(bytes: Buffer): void {
    this.#unused = 0;
    this.#guard(() => this.#reader?.data(bytes));
    this.session.widen(this, bytes.length - this.#unused);
  }

  /** A reader that throws ends its stream, and not the connection. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.session.bug(error);
      this.reset(CODE.internal);
    }
  }
}
