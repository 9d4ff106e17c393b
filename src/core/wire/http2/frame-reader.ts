// Cuts the bytes of a connection into frames (RFC 9113, 4.1). What must stay true: each byte is copied at most once
// here, even if it comes in small pieces. At most one frame is kept. A frame beyond the limit is refused at its head.
// Data are passed on as they come, so that uploads are not copied here.

import {
  CODE,
  ConnectionError,
  FLAG,
  FRAME,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  PREFACE,
} from "./protocol.ts";

/**
 * `payload` is a part of the bytes that were read. A frame of data may come in parts, each as a frame of its own: only the
 * last has the flag of the stream's end.
 */
export type OnFrame = (type: number, flags: number, stream: number, payload: Buffer) => void;

export class FrameReader {
  readonly #onFrame: OnFrame;
  #prefaceBytes: number;
  /** Of the present frame, as far as it has arrived. */
  readonly #head = Buffer.alloc(FRAME_HEAD_BYTES);
  #headBytes = 0;
  #type = 0;
  #flags = 0;
  #stream = 0;
  /** Bytes of its payload that are missing. */
  #missing = 0;
  /** Its payload, unless it is passed on in parts. */
  #payload: Buffer | null = null;
  #isOver = false;

  /** `end`: of the connection, at which this reads. Only clients send a preface. */
  constructor(onFrame: OnFrame, end: "server" | "client" = "server") {
    this.#onFrame = onFrame;
    this.#prefaceBytes = end === "client" ? PREFACE.length : 0;
  }

  /** Throws a ConnectionError for bytes that are no frames. */
  take(read: Buffer): void {
    let at = this.#prefaceBytes < PREFACE.length ? this.#preface(read) : 0;
    while (at < read.length && !this.#isOver) {
      at = this.#missing > 0 ? this.#goOn(read, at) : this.#next(read, at);
    }
  }

  /** No further frame is read. */
  end(): void {
    this.#isOver = true;
    this.#payload = null;
  }

  /** Returns where the frames begin (RFC 9113, 3.4). */
  #preface(read: Buffer): number {
    const from = this.#prefaceBytes;
    const seen = Math.min(read.length, PREFACE.length - from);
    if (read.compare(PREFACE, from, from + seen, 0, seen) !== 0) {
      throw new ConnectionError(CODE.protocol, "no preface of HTTP/2");
    }
    this.#prefaceBytes += seen;
    return seen;
  }

  /** A frame begins at `at`, or before this read; returns where the next one does. */
  #next(read: Buffer, at: number): number {
    if (this.#headBytes === 0 && read.length - at >= FRAME_HEAD_BYTES) return this.#begin(read, at, read, at);
    const part = read.copy(this.#head, this.#headBytes, at, at + FRAME_HEAD_BYTES - this.#headBytes);
    this.#headBytes += part;
    if (this.#headBytes < FRAME_HEAD_BYTES) return read.length;
    this.#headBytes = 0;
    return this.#begin(this.#head, 0, read, at + part - FRAME_HEAD_BYTES);
  }

  /** The head is in `head`; the payload in `read`, behind a head at `at`. */
  #begin(head: Buffer, headAt: number, read: Buffer, at: number): number {
    const length = ((head[headAt] ?? 0) << 16) | ((head[headAt + 1] ?? 0) << 8) | (head[headAt + 2] ?? 0);
    if (length > FRAME_BYTES_MAX) throw new ConnectionError(CODE.frameSize, "a frame beyond the limit");
    const [type = 0, flags = 0] = [head[headAt + 3], head[headAt + 4]];
    const stream = head.readUInt32BE(headAt + 5) & 0x7fffffff;
    const from = at + FRAME_HEAD_BYTES;
    if (from + length <= read.length) {
      this.#onFrame(type, flags, stream, read.subarray(from, from + length));
      return from + length;
    }
    [this.#type, this.#flags, this.#stream, this.#missing] = [type, flags, stream, length];
    const isPassedOn = type === FRAME.data && (flags & FLAG.padded) === 0;
    this.#payload = isPassedOn ? null : Buffer.allocUnsafeSlow(length);
    return from < read.length ? this.#goOn(read, from) : read.length;
  }

  /** More of a payload that was not whole in one read. */
  #goOn(read: Buffer, at: number): number {
    const part = read.subarray(at, at + this.#missing);
    const payload = this.#payload;
    if (payload !== null) part.copy(payload, payload.length - this.#missing);
    this.#missing -= part.length;
    const isLast = this.#missing === 0;
    if (payload === null) {
      this.#onFrame(this.#type, isLast ? this.#flags : this.#flags & ~FLAG.endStream, this.#stream, part);
    } else if (isLast) {
      this.#payload = null;
      this.#onFrame(this.#type, this.#flags, this.#stream, payload);
    }
    return at + part.length;
  }
}
