// A file that leaves a node: an exported snapshot, or exported audit entries. The operator's key alone opens
// it, wherever the file is:
//   magic u64 | format u32 | operator key's id (12 bytes) | salt (32 bytes) | wrapped secret and tag | a sealed stream
// What must stay true: each file has a secret of its own, and its description elsewhere (a manifest) is bound
// to it.

import { randomBytes } from "node:crypto";
import { setImmediate as nextPass } from "node:timers/promises";
import { assert } from "../base/assert.ts";
import { deriveKey, NONCE_BYTES, newSecret, open, SECRET_BYTES, seal, TAG_BYTES } from "./cipher.ts";
import { idsOf, keyWithId, type OperatorKey, type OperatorKeys } from "./operator-keys.ts";
import { keyNeeded, keyWrong } from "./seal-errors.ts";
import {
  CHUNK_BYTES,
  contentBytes,
  readStreamHead,
  SEALED_CHUNK_BYTES,
  STREAM_HEAD_BYTES,
  StreamOpener,
  StreamSealer,
} from "./sealed-stream.ts";

const MAGIC = new TextEncoder().encode("FLEETEXP");
const FORMAT = 1;
const PURPOSE = "fleet export 1";
const ID_BYTES = 12;
const SALT_BYTES = 32;
const ID_AT = MAGIC.length + 4;
const SALT_AT = ID_AT + ID_BYTES;
const SECRET_AT = SALT_AT + SALT_BYTES;
const HEAD_BYTES = SECRET_AT + SECRET_BYTES + TAG_BYTES;
// Each wrapping key is used once, because its salt is always new. So the nonce may be constant.
const NONCE = new Uint8Array(NONCE_BYTES);
/** The stream's key is the export's own and belongs to no folder's ring. */
const STREAM_KEY_ID = 0;
// This many chunks are a megabyte: other work runs in between.
const CHUNKS_A_PASS = 16;

/** The first bytes of a file that are enough to find its key. */
export const KEY_ID_END = SALT_AT;

/** The size of the file for this many bytes of content. */
export function sealedExportBytes(bytes: number): number {
  const chunks = Math.max(1, Math.ceil(bytes / CHUNK_BYTES));
  return HEAD_BYTES + STREAM_HEAD_BYTES + bytes + chunks * TAG_BYTES;
}

export const isSealedExport = (file: Uint8Array): boolean =>
  file.length >= MAGIC.length && Buffer.compare(file.subarray(0, MAGIC.length), MAGIC) === 0;

/**
 * The operator's key that opens it, by the start of the file; null = it is not an encrypted export, or is
 * damaged.
 */
export function operatorKeyOf(start: Uint8Array): string | null {
  if (!isSealedExport(start) || start.length < KEY_ID_END) return null;
  const id = new TextDecoder().decode(start.subarray(ID_AT, SALT_AT));
  return /^[0-9a-f]{12}$/.test(id) ? id : null;
}

export async function sealExport(
  content: Uint8Array,
  operatorKey: OperatorKey,
  bound: Uint8Array,
): Promise<Uint8Array> {
  const id = new TextEncoder().encode(operatorKey.id);
  assert(id.length === ID_BYTES, "a key's id has 12 digits");
  const secret = newSecret();
  const head = new Uint8Array(HEAD_BYTES);
  head.set(MAGIC);
  new DataView(head.buffer).setUint32(MAGIC.length, FORMAT, true);
  head.set(id, ID_AT);
  head.set(randomBytes(SALT_BYTES), SALT_AT);
  const { sealed, tag } = seal(wrapping(head, operatorKey, bound), secret);
  head.set(sealed, SECRET_AT);
  head.set(tag, SECRET_AT + SECRET_BYTES);
  const sealer = new StreamSealer(secret, STREAM_KEY_ID);
  const parts = [head, sealer.head];
  const chunks = Math.max(1, Math.ceil(content.length / CHUNK_BYTES));
  for (let at = 0; at < chunks; at++) {
    if (at % CHUNKS_A_PASS === CHUNKS_A_PASS - 1) await nextPass();
    parts.push(...sealer.seal(content.subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES), at === chunks - 1));
  }
  return Buffer.concat(parts);
}

/**
 * The content, or why it can't be trusted. Throws ENCRYPTION_KEY_NEEDED or ENCRYPTION_KEY_WRONG; `what` names
 * the file.
 */
export async function openExport(
  file: Uint8Array,
  keys: OperatorKeys | null,
  bound: Uint8Array,
  what: string,
): Promise<{ readonly content: Uint8Array } | string> {
  if (!isSealedExport(file) || file.length < HEAD_BYTES) return "it is not an encrypted export";
  const format = new DataView(file.buffer, file.byteOffset).getUint32(MAGIC.length, true);
  if (format !== FORMAT) return `its encryption has format ${format}, this version reads ${FORMAT}`;
  const id = operatorKeyOf(file);
  if (id === null) return "its header is damaged";
  if (keys === null) throw keyNeeded(what, id);
  const operatorKey = keyWithId(keys, id);
  if (operatorKey === null) throw keyWrong(what, id, idsOf(keys));
  const wrapped = file.subarray(SECRET_AT, SECRET_AT + SECRET_BYTES);
  const tag = file.subarray(SECRET_AT + SECRET_BYTES, HEAD_BYTES);
  const secret = open(wrapping(file, operatorKey, bound), wrapped, tag);
  if (secret === null) return "its header or its manifest was changed";
  return await openStream(secret, file.subarray(HEAD_BYTES));
}

async function openStream(
  secret: Uint8Array,
  stream: Uint8Array,
): Promise<{ readonly content: Uint8Array } | string> {
  const head = readStreamHead(stream);
  const bytes = contentBytes(stream.length);
  if (head === null || typeof head === "string" || bytes === null) return "it was cut off or changed";
  const opener = new StreamOpener(secret, head);
  const content = new Uint8Array(bytes);
  for (let at = STREAM_HEAD_BYTES, number = 0; at < stream.length; number++) {
    if (number % CHUNKS_A_PASS === CHUNKS_A_PASS - 1) await nextPass();
    const end = Math.min(at + SEALED_CHUNK_BYTES, stream.length);
    const part = opener.open(number, stream.subarray(at, end), end === stream.length);
    if (part === null) return `its chunk ${number} was changed, moved or cut off`;
    content.set(part, number * CHUNK_BYTES);
    at = end;
  }
  return { content };
}

function wrapping(head: Uint8Array, { secret }: OperatorKey, bound: Uint8Array) {
  const key = deriveKey(secret, head.subarray(SALT_AT, SECRET_AT), PURPOSE);
  return { key, nonce: NONCE, bound: Buffer.concat([head.subarray(0, SECRET_AT), bound]) };
}
