// The bytes of an incomplete request. What must stay true: it needs at most twice its size in memory, even if it comes
// in small pieces. All bytes of its caller are bounded (unfinished-bytes.ts).

import { status } from "@grpc/grpc-js";
import { owned } from "../http2/held-bytes.ts";
import { type RpcError, rpcError } from "../rpc-error.ts";
import { HEADER_BYTES, type OnHead, refusedFrame } from "./message-frames.ts";
import type { MethodRule } from "./method-rules.ts";
import { UnfinishedBytes } from "./unfinished-bytes.ts";

export class RequestBytes {
  readonly #counted: UnfinishedBytes;
  readonly #bytesMax: number;
  readonly #onHead: OnHead;
  /** The first `#length` of them are used. */
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(
    owner: object,
    rule: Pick<MethodRule, "bytesMax" | "isReplication">,
    onHead: OnHead = () => null,
  ) {
    this.#counted = new UnfinishedBytes(owner, rule);
    this.#bytesMax = rule.bytesMax;
    this.#onHead = onHead;
  }

  /** How many have come. */
  get length(): number {
    return this.#length;
  }

  /** Null = accepted. */
  add(chunk: Buffer): RpcError | null {
    const wasChecked = this.#length >= HEADER_BYTES;
    const hasRoom = this.#counted.become(this.#length + chunk.length);
    this.#append(chunk);
    if (this.#length < HEADER_BYTES) return hasRoom ? null : this.#counted.overdrawn();
    const refused = wasChecked ? null : refusedFrame(this.#bytes, this.#bytesMax, this.#onHead);
    if (refused !== null) return refused;
    if (this.#length > this.#wholeLength()) return unreadable();
    return hasRoom ? null : this.#counted.overdrawn();
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
    this.#counted.become(0);
    this.#length = 0;
    this.#bytes = Buffer.alloc(0);
  }

  #append(chunk: Buffer): void {
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
}

export function unreadable(): RpcError {
  return rpcError(status.INVALID_ARGUMENT, "REQUEST_UNREADABLE", "the request is not one whole message");
}
