// The bytes of incomplete requests. What must stay true: a request needs at most twice its size in memory,
// however small its pieces. All incomplete requests of an identity together need at most UNFINISHED_BYTES_MAX
// (of a connection, if its identity has no limits).

import { status } from "@grpc/grpc-js";
import { owned } from "../http2/held-bytes.ts";
import { type RpcError, rpcError } from "../rpc-error.ts";
import { HEADER_BYTES, refusedFrame } from "./message-frames.ts";

/** For one identity, or for one connection if its identity has no limits. */
export const UNFINISHED_BYTES_MAX = 32 * 1024 * 1024;

/** By identity or connection. */
const unfinished = new WeakMap<object, number>();

export class RequestBytes {
  readonly #owner: object;
  readonly #bytesMax: number;
  /** The first `#length` of them are used. */
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  /** `bytesMax`: of the message. */
  constructor(owner: object, bytesMax: number) {
    this.#owner = owner;
    this.#bytesMax = bytesMax;
  }

  /** Null = accepted. */
  add(chunk: Buffer): RpcError | null {
    const wasChecked = this.#length >= HEADER_BYTES;
    this.#append(chunk);
    if (this.#length < HEADER_BYTES) return null;
    const refused = wasChecked ? null : refusedFrame(this.#bytes, this.#bytesMax);
    if (refused !== null) return refused;
    return this.#length > this.#wholeLength() ? unreadable() : this.#overdrawn();
  }

  /** The one message of a whole request; throws the RpcError for an invalid one. */
  message(): Buffer {
    const isWhole =
      this.#length >= HEADER_BYTES && this.#length === HEADER_BYTES + this.#bytes.readUInt32BE(1);
    if (!isWhole) throw unreadable();
    return this.#bytes.subarray(HEADER_BYTES, this.#length);
  }

  /** The request is complete or abandoned. */
  release(): void {
    unfinished.set(this.#owner, (unfinished.get(this.#owner) ?? 0) - this.#length);
    this.#length = 0;
    this.#bytes = Buffer.alloc(0);
  }

  #append(chunk: Buffer): void {
    unfinished.set(this.#owner, (unfinished.get(this.#owner) ?? 0) + chunk.length);
    const length = this.#length + chunk.length;
    if (this.#length === 0) {
      this.#bytes = owned(chunk);
    } else {
      if (length > this.#bytes.length) {
        const roomier = Buffer.allocUnsafe(Math.max(length, Math.min(2 * length, this.#wholeLength())));
        this.#bytes.copy(roomier, 0, 0, this.#length);
        this.#bytes = roomier;
      }
      chunk.copy(this.#bytes, this.#length);
    }
    this.#length = length;
  }

  /** Of the request, as far as its first bytes say it. */
  #wholeLength(): number {
    const isKnown = this.#length >= HEADER_BYTES;
    return isKnown ? HEADER_BYTES + this.#bytes.readUInt32BE(1) : Number.POSITIVE_INFINITY;
  }

  #overdrawn(): RpcError | null {
    if ((unfinished.get(this.#owner) ?? 0) <= UNFINISHED_BYTES_MAX) return null;
    const message = `requests under way of one identity or on one connection may have at most ${UNFINISHED_BYTES_MAX} bytes together`;
    return rpcError(status.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", message);
  }
}

export function unreadable(): RpcError {
  return rpcError(status.INVALID_ARGUMENT, "REQUEST_UNREADABLE", "the request is not one whole message");
}
