// The frames of gRPC over HTTP/2: a flag, a length of four bytes, and the message. What must stay true: a
// message's length is checked when its first five bytes have arrived, before any of it is kept.

import { status } from "@grpc/grpc-js";
import { RpcError, rpcError } from "../rpc-error.ts";

export const HEADER_BYTES = 5;

/** Hears how many bytes a message will have, before they are read; an error refuses it. */
export type OnHead = (bytes: number) => RpcError | null;

/** An error refuses the message; "enough": no further one is wanted now. */
export type OnMessage = (message: Buffer) => RpcError | "enough" | null;

/**
 * Cuts a stream of bytes into messages. Each byte is copied once, into room for the whole message: `heldBytes` counts that
 * room, which its caller must bound.
 */
export class MessageCutter {
  readonly #bytesMax: number;
  readonly #onHead: OnHead;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  /** The first `#filled` bytes of the present message, which has `#length`. */
  #message: Buffer = NOTHING;
  #filled = 0;
  #length = 0;

  constructor(bytesMax: number, onHead: OnHead = () => null) {
    this.#bytesMax = bytesMax;
    this.#onHead = onHead;
  }

  /** For the message that is under way. */
  get heldBytes(): number {
    return this.#message.length;
  }

  /** Whether no message is under way. */
  get isBetween(): boolean {
    return this.#headerBytes === 0;
  }

  /**
   * Calls `onMessage` with a copy of each whole message, until it refuses one or has enough. Returns the refusal, or the
   * bytes after the last message. Null = all bytes were taken.
   */
  take(chunk: Buffer, onMessage: OnMessage): RpcError | Buffer | null {
    let at = 0;
    for (;;) {
      at += this.#takeHeader(chunk, at);
      if (this.#headerBytes < HEADER_BYTES) return null;
      if (this.#filled === 0 && this.#message === NOTHING) {
        const refused = refusedFrame(this.#header, this.#bytesMax, this.#onHead);
        if (refused !== null) return refused;
        this.#length = this.#header.readUInt32BE(1);
      }
      const part = Math.min(this.#length - this.#filled, chunk.length - at);
      this.#fill(chunk, at, part);
      at += part;
      if (this.#filled < this.#length) return null;
      const answer = onMessage(this.#next());
      if (answer instanceof RpcError) return answer;
      if (at === chunk.length) return null;
      if (answer === "enough") return chunk.subarray(at);
    }
  }

  /** The message under way is of no use. */
  drop(): void {
    this.#next();
  }

  #takeHeader(chunk: Buffer, at: number): number {
    const part = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - at);
    if (part > 0) chunk.copy(this.#header, this.#headerBytes, at, at + part);
    this.#headerBytes += part;
    return part;
  }

  #fill(chunk: Buffer, at: number, bytes: number): void {
    if (this.#message === NOTHING) this.#message = Buffer.allocUnsafe(this.#length);
    chunk.copy(this.#message, this.#filled, at, at + bytes);
    this.#filled += bytes;
  }

  #next(): Buffer {
    const message = this.#message;
    this.#message = NOTHING;
    this.#headerBytes = 0;
    this.#filled = 0;
    this.#length = 0;
    return message;
  }
}

const NOTHING = Buffer.alloc(0);

/** Why the message after this header is refused; null = it is not. */
export function refusedFrame(header: Buffer, bytesMax: number, onHead: OnHead): RpcError | null {
  if (header[0] !== 0) return compressed();
  const bytes = header.readUInt32BE(1);
  if (bytes <= bytesMax) return onHead(bytes);
  const message = `a message of this method may have at most ${bytesMax} bytes, this one has ${bytes}`;
  return rpcError(status.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", message);
}

/** A few bytes of a compressed message can be gigabytes. */
export function compressed(): RpcError {
  const message = "compressed messages are refused: send them as they are (grpc-encoding: identity)";
  return rpcError(status.UNIMPLEMENTED, "COMPRESSION_REFUSED", message);
}

export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, HEADER_BYTES);
  return frame;
}
