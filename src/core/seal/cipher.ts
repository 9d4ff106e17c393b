// AES-256-GCM and key derivation, the only two primitives of encryption at rest (ADR-0031). What must stay true: no
// nonce is used twice with a key. Each caller derives a key of its own from a random salt, and counts its nonces.

import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { assert } from "../base/assert.ts";

const ALGORITHM = "aes-256-gcm";
export const SECRET_BYTES = 32;
export const TAG_BYTES = 16;
export const NONCE_BYTES = 12;

/**
 * A call's key and nonce, and bound bytes: they are not stored here, but must be the same when the text is
 * opened.
 */
export interface Sealing {
  /** A KeyObject, not bytes: Node then needs 11 µs less a call. */
  readonly key: KeyObject;
  readonly nonce: Uint8Array;
  readonly bound: Uint8Array;
}

export const newSecret = (): Uint8Array => randomBytes(SECRET_BYTES);

/** A key for one purpose and one salt. A key for one purpose reveals nothing about the others (RFC 5869). */
export function deriveKey(secret: Uint8Array, salt: Uint8Array, purpose: string): KeyObject {
  assert(secret.length === SECRET_BYTES, "a secret has 256 bits");
  return createSecretKey(Buffer.from(hkdfSync("sha256", secret, salt, purpose, SECRET_BYTES)));
}

/** Ciphertext of the text's length, and its tag. */
export function seal(
  { key, nonce, bound }: Sealing,
  text: Uint8Array,
): { readonly sealed: Uint8Array; readonly tag: Uint8Array } {
  assert(nonce.length === NONCE_BYTES, "a nonce has 96 bits");
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(bound);
  const sealed = cipher.update(text);
  // GCM is a stream: update has returned all ciphertext, and final only makes the tag.
  cipher.final();
  return { sealed, tag: cipher.getAuthTag() };
}

/**
 * The text. Null when one bit of the ciphertext, the tag, the nonce or the bound bytes differs, or the key
 * does.
 */
export function open({ key, nonce, bound }: Sealing, sealed: Uint8Array, tag: Uint8Array): Uint8Array | null {
  if (tag.length !== TAG_BYTES) return null;
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bound);
  decipher.setAuthTag(tag);
  const text = decipher.update(sealed);
  try {
    decipher.final();
  } catch {
    return null;
  }
  return text;
}
