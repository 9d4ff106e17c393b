// The frames of gRPC over HTTP/2: a flag, a length of four bytes, and the message. What must stay true: a
// message's length is checked when its first five bytes have arrived, before any of it is kept.

import { status } from "@grpc/grpc-js";
import { type RpcError, rpcError } from "../rpc-error.ts";

export const HEADER_BYTES = 5;

/** Follows the frames in a stream of bytes, and keeps none of them. */
export class FrameCheck {
  readonly #bytesMax: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  /** Bytes of the present message that are still to come. */
  #left = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Null = nothing to refuse so far. */
  take(chunk: Uint8Array): RpcError | null {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, chunk.length - at);
        this.#left -= part;
        at += part;
        continue;
      }
      this.#header[this.#headerBytes] = chunk[at] ?? 0;
      this.#headerBytes += 1;
      at += 1;
      if (this.#headerBytes < HEADER_BYTES) continue;
      this.#headerBytes = 0;
      this.#left = this.#header.readUInt32BE(1);
      const refused = refusedFrame(this.#header, this.#bytesMax);
      if (refused !== null) return refused;
    }
    return null;
  }
}

/** Why the message after this header is refused; null = it is not. */
export function refusedFrame(header: Buffer, bytesMax: number): RpcError | null {
  if (header[0] !== 0) return compressed();
  const bytes = header.readUInt32BE(1);
  if (bytes <= bytesMax) return null;
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
