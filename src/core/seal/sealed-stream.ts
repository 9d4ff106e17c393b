// A file's content as sealed chunks, after the STREAM construction that age uses (Hoang, Reyhanitabar,
// Rogaway, Vizár 2015):
//   magic u64 | format u32 | key id u32 | salt (32 bytes) | chunks: 64 KiB of ciphertext and a tag of 16 bytes each
// The last chunk may be shorter, and its nonce says that it is the last. What must stay true: each file has
// its own salt and so its own key. Chunks can't be changed, swapped, left out or cut off. The head is bound
// to each of them.

import { type KeyObject, randomBytes } from "node:crypto";
import { assert } from "../base/assert.ts";
import { deriveKey, NONCE_BYTES, open, seal, TAG_BYTES } from "./cipher.ts";

const MAGIC = new TextEncoder().encode("FLEETENC");
const FORMAT = 1;
const SALT_BYTES = 32;
const PURPOSE = "fleet file 1";

export const CHUNK_BYTES = 64 * 1024;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
export const STREAM_HEAD_BYTES = MAGIC.length + 4 + 4 + SALT_BYTES;

export interface StreamHead {
  readonly keyId: number;
  readonly bytes: Uint8Array;
}

/** Null: these bytes are not the start of a sealed file. A text: they are, and why it can't be read. */
export function readStreamHead(bytes: Uint8Array): StreamHead | string | null {
  if (bytes.length < MAGIC.length || Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) !== 0)
    return null;
  if (bytes.length < STREAM_HEAD_BYTES) return "it ends inside its header";
  const head = Uint8Array.from(bytes.subarray(0, STREAM_HEAD_BYTES));
  const view = new DataView(head.buffer);
  const format = view.getUint32(MAGIC.length, true);
  if (format !== FORMAT) return `its encryption has format ${format}, this version reads ${FORMAT}`;
  return { keyId: view.getUint32(MAGIC.length + 4, true), bytes: head };
}

/**
 * How many bytes of content a whole sealed file of that size has; null = no whole sealed file has that size.
 */
export function contentBytes(fileBytes: number): number | null {
  const body = fileBytes - STREAM_HEAD_BYTES;
  const chunks = Math.ceil(body / SEALED_CHUNK_BYTES);
  const isPossible = chunks > 0 && body - (chunks - 1) * SEALED_CHUNK_BYTES >= TAG_BYTES;
  return isPossible ? body - chunks * TAG_BYTES : null;
}

/** Seals one content. Chunks are numbered by their order. */
export class StreamSealer {
  readonly head: Uint8Array;
  readonly #key: KeyObject;
  #next = 0;
  #isEnded = false;

  constructor(secret: Uint8Array, keyId: number) {
    const salt = randomBytes(SALT_BYTES);
    this.head = encodeHead(keyId, salt);
    this.#key = deriveKey(secret, salt, PURPOSE);
  }

  /**
   * The chunk's bytes in the file, in parts: a caller that writes several chunks at once copies them once.
   */
  seal(chunk: Uint8Array, isLast: boolean): readonly Uint8Array[] {
    assert(!this.#isEnded, "nothing follows the last chunk");
    assert(
      isLast ? chunk.length <= CHUNK_BYTES : chunk.length === CHUNK_BYTES,
      "only the last chunk is shorter",
    );
    this.#isEnded = isLast;
    const nonce = nonceOf(this.#next++, isLast);
    const { sealed, tag } = seal({ key: this.#key, nonce, bound: this.head }, chunk);
    return [sealed, tag];
  }
}

/** Opens the chunks of one content, in any order. */
export class StreamOpener {
  readonly #key: KeyObject;
  readonly #head: Uint8Array;

  constructor(secret: Uint8Array, { bytes }: StreamHead) {
    this.#head = bytes;
    this.#key = deriveKey(secret, bytes.subarray(STREAM_HEAD_BYTES - SALT_BYTES), PURPOSE);
  }

  /** Null when this is not the chunk with that number, or when its mark as the last one is wrong. */
  open(number: number, sealed: Uint8Array, isLast: boolean): Uint8Array | null {
    if (sealed.length < TAG_BYTES) return null;
    const end = sealed.length - TAG_BYTES;
    const sealing = { key: this.#key, nonce: nonceOf(number, isLast), bound: this.#head };
    return open(sealing, sealed.subarray(0, end), sealed.subarray(end));
  }
}

function encodeHead(keyId: number, salt: Uint8Array): Uint8Array {
  const head = new Uint8Array(STREAM_HEAD_BYTES);
  head.set(MAGIC);
  const view = new DataView(head.buffer);
  view.setUint32(MAGIC.length, FORMAT, true);
  view.setUint32(MAGIC.length + 4, keyId, true);
  head.set(salt, STREAM_HEAD_BYTES - SALT_BYTES);
  return head;
}

// 8 bytes of number, 3 of zeros, and whether it is the last.
function nonceOf(number: number, isLast: boolean): Uint8Array {
  assert(Number.isSafeInteger(number) && number >= 0, "chunks are counted");
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setBigUint64(0, BigInt(number), true);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
}
