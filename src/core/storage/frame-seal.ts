// How a frame's payload is sealed when a folder is encrypted (ADR-0031):
//   key id u32 | salt (16 bytes) | ciphertext | tag (16 bytes)
// Each opening of the log has its own salt, and so its own key. A frame's nonce is its sequence. What must
// stay true: one sealer never seals a sequence twice. A torn frame that was cut is written again under the
// same sequence, but by a later process with another salt. Segment, offset and sequence are bound: a frame
// opens only where it was written.

import { type KeyObject, randomBytes } from "node:crypto";
import { assert } from "../base/assert.ts";
import { deriveKey, NONCE_BYTES, open, seal, TAG_BYTES } from "../seal/cipher.ts";
import type { DataKey } from "../seal/key-ring.ts";
import { ByteReader, ByteWriter } from "./byte-cursor.ts";

/** The position of a frame. */
export interface FramePlace {
  readonly segment: number;
  readonly offset: number;
  readonly sequence: number;
}

/** The content of a frame whose checksums are right. */
export interface FrameContent {
  readonly isSealed: boolean;
  readonly payload: Uint8Array;
}

/** Turns a frame's content into the bytes of its records. */
export interface FrameReader {
  /** The records' bytes, or why they can't be trusted. */
  read(place: FramePlace, content: FrameContent): Uint8Array | string;
}

/** Seals one payload in place. */
export interface PayloadSeal {
  /** `room` is the payload with SEAL_HEAD_BYTES before and TAG_BYTES behind it. */
  seal(room: Uint8Array): void;
}

const SALT_BYTES = 16;
const PURPOSE = "fleet log 1";
export const SEAL_HEAD_BYTES = 4 + SALT_BYTES;
/** Bytes that sealing adds to a payload. */
export const SEAL_BYTES = SEAL_HEAD_BYTES + TAG_BYTES;

/** Plain frames are counted under this key id. */
export const PLAIN_KEY_ID = 0;

/** Reads the frames of a folder that is not encrypted. */
export const plainFrames: FrameReader = {
  read: (_place, { isSealed, payload }) =>
    isSealed ? "it is encrypted, yet the folder has no keys" : payload,
};

/** The id of the key that sealed the frame. */
export function keyIdOf({ isSealed, payload }: FrameContent): number {
  return isSealed && payload.length >= SEAL_BYTES ? new ByteReader(payload).uint32() : PLAIN_KEY_ID;
}

export class FrameSealer {
  readonly keyId: number;
  readonly #salt = randomBytes(SALT_BYTES);
  readonly #key: KeyObject;
  #last = 0;

  constructor({ id, secret }: DataKey) {
    this.keyId = id;
    this.#key = deriveKey(secret, this.#salt, PURPOSE);
  }

  at(place: FramePlace): PayloadSeal {
    assert(place.sequence > this.#last, "no sequence, and so no nonce, is used twice with a key");
    this.#last = place.sequence;
    return { seal: (room) => this.#seal(place, room) };
  }

  #seal(place: FramePlace, room: Uint8Array): void {
    assert(room.length >= SEAL_BYTES, "there is room for what sealing adds");
    const head = new ByteWriter(room);
    head.uint32(this.keyId);
    head.bytes(this.#salt);
    const end = room.length - TAG_BYTES;
    const sealing = { key: this.#key, nonce: nonceOf(place), bound: boundTo(place) };
    const { sealed, tag } = seal(sealing, room.subarray(SEAL_HEAD_BYTES, end));
    room.set(sealed, SEAL_HEAD_BYTES);
    room.set(tag, end);
  }
}

/** Reads the frames of an encrypted folder; looks up keys by their id. */
export class FrameOpener implements FrameReader {
  readonly #secretOf: (keyId: number) => Uint8Array | null;
  readonly #mayBePlain: (place: FramePlace) => boolean;
  /** By key id and salt: all frames of one process share one key. */
  readonly #keys = new Map<string, KeyObject>();

  constructor(secretOf: (keyId: number) => Uint8Array | null, mayBePlain: (place: FramePlace) => boolean) {
    this.#secretOf = secretOf;
    this.#mayBePlain = mayBePlain;
  }

  read(place: FramePlace, { isSealed, payload }: FrameContent): Uint8Array | string {
    if (!isSealed)
      return this.#mayBePlain(place) ? payload : "it is plain, yet everything in this folder is encrypted";
    if (payload.length < SEAL_BYTES) return "it is too short for an encrypted frame";
    const key = this.#keyFor(payload.subarray(0, SEAL_HEAD_BYTES));
    if (key === null)
      return `it was encrypted with key ${keyIdOf({ isSealed, payload })}, which the folder does not have`;
    const end = payload.length - TAG_BYTES;
    const sealing = { key, nonce: nonceOf(place), bound: boundTo(place) };
    const text = open(sealing, payload.subarray(SEAL_HEAD_BYTES, end), payload.subarray(end));
    return (
      text ??
      "its checksum is right, but it can't be decrypted: it was changed, moved here from another place, or sealed with another key"
    );
  }

  #keyFor(head: Uint8Array): KeyObject | null {
    const name = Buffer.from(head.buffer, head.byteOffset, head.length).toString("latin1");
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const secret = this.#secretOf(new ByteReader(head).uint32());
    if (secret === null) return null;
    const key = deriveKey(secret, head.subarray(SEAL_HEAD_BYTES - SALT_BYTES), PURPOSE);
    this.#keys.set(name, key);
    return key;
  }
}

function nonceOf({ sequence }: FramePlace): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  new ByteWriter(nonce).uint64(sequence);
  return nonce;
}

function boundTo({ segment, offset, sequence }: FramePlace): Uint8Array {
  const bound = new Uint8Array(3 * 8);
  const writer = new ByteWriter(bound);
  for (const value of [segment, offset, sequence]) writer.uint64(value);
  return bound;
}
