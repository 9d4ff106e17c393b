// Cuts the bytes of a connection into frames (RFC 9113, 4.1). What must stay true: at most one frame and one read of
// the socket are kept; a frame beyond the limit is refused at its head.

import { CODE, ConnectionError, FRAME_BYTES_MAX, FRAME_HEAD_BYTES, PREFACE } from "./protocol.ts";

/** `payload` is a part of the bytes that were read. */
export type OnFrame = (type: number, flags: number, stream: number, payload: Buffer) => void;

export class FrameReader {
  readonly #onFrame: OnFrame;
  #rest: Buffer | null = null;
  #hasPreface = false;
  #isOver = false;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** Throws a ConnectionError for bytes that are no frames. */
  take(read: Buffer): void {
    let at = 0;
    // Only the frame that was begun is put together: the others are parts of what was read.
    while (this.#rest !== null && !this.#isOver) {
      const wanted = this.#wanted(this.#rest);
      const part = read.subarray(at, at + wanted);
      at += part.length;
      const bytes = Buffer.concat([this.#rest, part]);
      this.#rest = null;
      this.#frames(bytes);
      if (part.length < wanted) return;
    }
    if (at < read.length) this.#frames(at === 0 ? read : read.subarray(at));
  }

  /** How many bytes are missing of the preface, of a frame's head, or of a frame. */
  #wanted(rest: Buffer): number {
    if (!this.#hasPreface) return PREFACE.length - rest.length;
    if (rest.length < FRAME_HEAD_BYTES) return FRAME_HEAD_BYTES - rest.length;
    return FRAME_HEAD_BYTES + rest.readUIntBE(0, 3) - rest.length;
  }

  #frames(bytes: Buffer): void {
    let at = 0;
    if (!this.#hasPreface) {
      at = this.#preface(bytes);
      if (at < PREFACE.length) {
        this.#rest = bytes;
        return;
      }
    }
    while (bytes.length - at >= FRAME_HEAD_BYTES && !this.#isOver) {
      const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
      if (length > FRAME_BYTES_MAX) throw new ConnectionError(CODE.frameSize, "a frame beyond the limit");
      const end = at + FRAME_HEAD_BYTES + length;
      if (end > bytes.length) break;
      const stream = bytes.readUInt32BE(at + 5) & 0x7fffffff;
      const payload = bytes.subarray(at + FRAME_HEAD_BYTES, end);
      this.#onFrame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, stream, payload);
      at = end;
    }
    if (at < bytes.length && !this.#isOver) this.#rest = at === 0 ? bytes : bytes.subarray(at);
  }

  /** No further frame is read. */
  end(): void {
    this.#isOver = true;
    this.#rest = null;
  }

  /** How much of the preface is there (RFC 9113, 3.4). */
  #preface(bytes: Buffer): number {
    const seen = Math.min(bytes.length, PREFACE.length);
    if (bytes.compare(PREFACE, 0, seen, 0, seen) !== 0) {
      throw new ConnectionError(CODE.protocol, "no preface of HTTP/2");
    }
    this.#hasPreface = seen === PREFACE.length;
    return seen;
  }
}
