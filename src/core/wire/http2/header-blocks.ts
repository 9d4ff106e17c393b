// Header blocks of requests, which may come in several frames (RFC 9113, 4.3 and 6.10). What must stay true: a block has
// few frames and bounded bytes, so that one that never ends costs little.

import { CODE, ConnectionError, FLAG, FRAME, HEADER_LIST_BYTES_MAX } from "./protocol.ts";

/** After the first; as nghttp2 has it. */
const CONTINUATIONS_MAX = 8;
const PRIORITY_BYTES = 5;

export interface HeaderBlock {
  readonly stream: number;
  readonly endsStream: boolean;
  readonly bytes: Buffer;
}

export class HeaderBlocks {
  #stream = 0;
  #endsStream = false;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** Between its frames no other frame may come. */
  get isOpen(): boolean {
    return this.#parts.length > 0;
  }

  /** HEADERS; null = more frames follow. */
  begin(flags: number, stream: number, payload: Buffer): HeaderBlock | null {
    if (stream % 2 === 0) throw new ConnectionError(CODE.protocol, "a stream that no client opens");
    let part = unpadded(flags, payload);
    if ((flags & FLAG.priority) !== 0) {
      if (part.length < PRIORITY_BYTES) throw new ConnectionError(CODE.frameSize, "no priority");
      if ((part.readUInt32BE(0) & 0x7fffffff) === stream) {
        throw new ConnectionError(CODE.protocol, "a stream that waits for itself");
      }
      part = part.subarray(PRIORITY_BYTES);
    }
    const endsStream = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) return { stream, endsStream, bytes: part };
    this.#stream = stream;
    this.#endsStream = endsStream;
    this.#parts = [Buffer.from(part)];
    this.#bytes = part.length;
    return null;
  }

  /** The next frame of an open block; null = more follow. */
  go(type: number, flags: number, stream: number, payload: Buffer): HeaderBlock | null {
    if (type !== FRAME.continuation || stream !== this.#stream) {
      throw new ConnectionError(CODE.protocol, "a frame between those of headers");
    }
    this.#parts.push(Buffer.from(payload));
    this.#bytes += payload.length;
    if (this.#parts.length > 1 + CONTINUATIONS_MAX || this.#bytes > HEADER_LIST_BYTES_MAX) {
      throw new ConnectionError(CODE.enhanceYourCalm, "headers that do not end");
    }
    if ((flags & FLAG.endHeaders) === 0) return null;
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    return { stream, endsStream: this.#endsStream, bytes };
  }
}

/** The payload without its padding (RFC 9113, 6.1). */
export function unpadded(flags: number, payload: Buffer): Buffer {
  if ((flags & FLAG.padded) === 0) return payload;
  const padding = payload[0];
  if (padding === undefined) throw new ConnectionError(CODE.frameSize, "no length of padding");
  if (padding >= payload.length) throw new ConnectionError(CODE.protocol, "more padding than payload");
  return payload.subarray(1, payload.length - padding);
}
