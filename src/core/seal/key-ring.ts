// A data folder's own keys, and the file that keeps them wrapped with the operator's key. What must stay
// true: the file is authentic as a whole. Its keys, its owner and its list of readable plain files can't be
// changed without the operator's key. Pure except for randomness; storage/key-ring-file.ts reads and writes
// it.

import { randomBytes } from "node:crypto";
import { assert, present } from "../base/assert.ts";
import { parseObject } from "../base/parse-object.ts";
import { deriveKey, NONCE_BYTES, newSecret, open, seal, TAG_BYTES } from "./cipher.ts";
import { idsOf, keyWithId, type OperatorKey, type OperatorKeys } from "./operator-keys.ts";
import { keyWrong } from "./seal-errors.ts";

export interface DataKey {
  /** Counted from 1 in each folder. */
  readonly id: number;
  readonly secret: Uint8Array;
  readonly createdAtMs: number;
}

/** Data from before encryption. It may be read until compaction removes it. */
export interface PlainRemains {
  /** Frames of the log up to this one. */
  readonly frames: number;
  /** Names of snapshot files. */
  readonly snapshots: readonly string[];
}

export interface KeyRing {
  /** The owner of the folder. */
  readonly clusterId: string;
  readonly nodeId: number;
  /** Ascending. The last one encrypts; each earlier one still opens some files. */
  readonly keys: readonly DataKey[];
  /** Null: all plain data is refused. */
  readonly plain: PlainRemains | null;
}

const FORMAT = 1;
const PURPOSE = "fleet key ring 1";
const SALT_BYTES = 32;
// Each wrapping key encrypts one message, because its salt is always new. So the nonce may be constant.
const NONCE = new Uint8Array(NONCE_BYTES);

export function newKeyRing(
  identity: Pick<KeyRing, "clusterId" | "nodeId">,
  plain: PlainRemains | null,
  nowMs: number,
): KeyRing {
  const { clusterId, nodeId } = identity;
  return { clusterId, nodeId, keys: [{ id: 1, secret: newSecret(), createdAtMs: nowMs }], plain };
}

export function activeKey({ keys }: KeyRing): DataKey {
  return present(keys.at(-1), "a ring has a key");
}

/** The ring with one more key, which encrypts from now on. */
export function withNewKey(ring: KeyRing, nowMs: number): KeyRing {
  const id = activeKey(ring).id + 1;
  return { ...ring, keys: [...ring.keys, { id, secret: newSecret(), createdAtMs: nowMs }] };
}

/** The ring without the keys that no file needs any more; the active one stays. */
export function withoutUnused(ring: KeyRing, used: ReadonlySet<number>): KeyRing {
  const active = activeKey(ring);
  return { ...ring, keys: ring.keys.filter((key) => key === active || used.has(key.id)) };
}

/** The file's text: JSON whose only secret part is sealed with the operator's key. */
export function encodeKeyRing(ring: KeyRing, operatorKey: OperatorKey): Uint8Array {
  assert(isAscending(ring.keys), "a ring's keys ascend");
  const salt = randomBytes(SALT_BYTES);
  const { clusterId, nodeId, plain } = ring;
  const keys = ring.keys.map(({ id, secret, createdAtMs }) => ({ id, secret: base64(secret), createdAtMs }));
  const content = new TextEncoder().encode(JSON.stringify({ clusterId, nodeId, keys, plain }));
  const sealing = {
    key: deriveKey(operatorKey.secret, salt, PURPOSE),
    nonce: NONCE,
    bound: boundTo(operatorKey),
  };
  const { sealed, tag } = seal(sealing, content);
  const file = { format: FORMAT, operatorKey: operatorKey.id, salt: base64(salt) };
  const text = JSON.stringify({ ...file, ring: base64(Buffer.concat([sealed, tag])) });
  return new TextEncoder().encode(`${text}\n`);
}

export interface OpenedRing {
  readonly ring: KeyRing;
  /** The operator's key that opened it. */
  readonly operatorKey: OperatorKey;
}

/**
 * The ring, or why the file is damaged. Throws ENCRYPTION_KEY_WRONG when the key that it names is not among
 * the given ones.
 */
export function decodeKeyRing(
  bytes: Uint8Array,
  operatorKeys: OperatorKeys,
  directory: string,
): OpenedRing | string {
  const file = parseKeyRingFile(bytes);
  if (typeof file === "string") return file;
  const operatorKey = keyWithId(operatorKeys, file.operatorKey);
  if (operatorKey === null) throw keyWrong(directory, file.operatorKey, idsOf(operatorKeys));
  const key = deriveKey(operatorKey.secret, file.salt, PURPOSE);
  const end = file.sealed.length - TAG_BYTES;
  const sealing = { key, nonce: NONCE, bound: boundTo(operatorKey) };
  const content = end < 0 ? null : open(sealing, file.sealed.subarray(0, end), file.sealed.subarray(end));
  if (content === null)
    return "its keys were changed or are damaged: they can't be decrypted with the key that it names";
  const ring = parseRing(new TextDecoder().decode(content));
  return ring === null ? "it can be decrypted, but holds no usable keys" : { ring, operatorKey };
}

interface KeyRingFile {
  readonly operatorKey: string;
  readonly salt: Uint8Array;
  readonly sealed: Uint8Array;
}

/** The part that can be read without a key, or why it can't. */
export function parseKeyRingFile(bytes: Uint8Array): KeyRingFile | string {
  const { format, operatorKey, salt, ring } = parseObject(new TextDecoder().decode(bytes));
  if (format === undefined) return "it is not a key ring";
  if (format !== FORMAT) return `its format is ${String(format)}, this version reads ${FORMAT}`;
  if (typeof operatorKey !== "string" || typeof salt !== "string" || typeof ring !== "string")
    return "a part of it is missing";
  const [saltBytes, sealed] = [Buffer.from(salt, "base64"), Buffer.from(ring, "base64")];
  // Node skips characters that are not base64.
  if (base64(saltBytes) !== salt || base64(sealed) !== ring) return "a part of it is damaged";
  return { operatorKey, salt: saltBytes, sealed };
}

// The text is authentic. If a field is not as expected, another version wrote it.
function parseRing(text: string): KeyRing | null {
  const { clusterId, nodeId, keys, plain } = parseObject(text);
  if (typeof clusterId !== "string" || typeof nodeId !== "number" || !Array.isArray(keys)) return null;
  const parsed = keys.map(parseKey);
  if (!parsed.every((key) => key !== null) || parsed.length === 0 || !isAscending(parsed)) return null;
  if (plain === null) return { clusterId, nodeId, keys: parsed, plain };
  const { frames, snapshots }: Readonly<Record<string, unknown>> = { ...Object(plain) };
  if (typeof frames !== "number" || !Array.isArray(snapshots)) return null;
  return { clusterId, nodeId, keys: parsed, plain: { frames, snapshots: snapshots.map(String) } };
}

function parseKey(value: unknown): DataKey | null {
  const { id, secret, createdAtMs }: Readonly<Record<string, unknown>> = { ...Object(value) };
  if (typeof id !== "number" || typeof secret !== "string" || typeof createdAtMs !== "number") return null;
  return { id, secret: Buffer.from(secret, "base64"), createdAtMs };
}

const isAscending = (keys: readonly DataKey[]): boolean =>
  keys.every(({ id }, at) => id > (keys[at - 1]?.id ?? 0));

const boundTo = ({ id }: OperatorKey): Uint8Array =>
  new TextEncoder().encode(`fleet key ring ${FORMAT} ${id}`);

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
