// The operator's keys, which encrypt only other keys. The first key of a file is the current one and
// encrypts; the others only decrypt. So a file can be replaced before all data that it opens is (Kubernetes
// does the same with its list of providers). What must stay true: a key's text appears in no error and no
// log; its id does.

import { createHmac } from "node:crypto";
import { assert, present } from "../base/assert.ts";
import { newSecret, SECRET_BYTES } from "./cipher.ts";
import { keyUnusable } from "./seal-errors.ts";

export interface OperatorKey {
  /** Identifies a key and reveals nothing about its secret. */
  readonly id: string;
  readonly secret: Uint8Array;
}

export interface OperatorKeys {
  readonly current: OperatorKey;
  readonly earlier: readonly OperatorKey[];
}

const ID_LABEL = "fleet operator key id";
const ID_DIGITS = 12;
const KEYS_MAX = 16;
const HEX = /^[0-9a-fA-F]{64}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;

/** The text of a key file with one new key. */
export function newKeyText(): string {
  return `${Buffer.from(newSecret()).toString("base64")}\n`;
}

/** One key a line, of 32 bytes in base64 or hex. Empty lines and those that begin with # are ignored. */
export function parseOperatorKeys(text: string, origin: string): OperatorKeys {
  const lines = text.split("\n").map((line) => line.trim());
  const given = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (given.length === 0) throw keyUnusable(origin, "it holds no key");
  if (given.length > KEYS_MAX) throw keyUnusable(origin, `it holds more than ${KEYS_MAX} keys`);
  const keys = given.map((line, at) => {
    const secret = parseSecret(line);
    if (secret === null)
      throw keyUnusable(origin, `its key ${at + 1} is not 32 bytes in base64 or hexadecimal digits`);
    return keyOf(secret);
  });
  const repeated = keys.find(({ id }, at) => keys.findIndex((other) => other.id === id) !== at);
  if (repeated !== undefined) throw keyUnusable(origin, `it holds key ${repeated.id} twice`);
  return { current: present(keys[0], "a file that holds keys has a first one"), earlier: keys.slice(1) };
}

/** The key of that id, current or earlier; null = it was not given. */
export function keyWithId({ current, earlier }: OperatorKeys, id: string): OperatorKey | null {
  return [current, ...earlier].find((key) => key.id === id) ?? null;
}

export const idsOf = ({ current, earlier }: OperatorKeys): readonly string[] =>
  [current, ...earlier].map(({ id }) => id);

function keyOf(secret: Uint8Array): OperatorKey {
  assert(secret.length === SECRET_BYTES, "an operator's key has 256 bits");
  const id = createHmac("sha256", secret).update(ID_LABEL).digest("hex").slice(0, ID_DIGITS);
  return { id, secret };
}

function parseSecret(line: string): Uint8Array | null {
  const secret = HEX.test(line)
    ? Buffer.from(line, "hex")
    : BASE64.test(line)
      ? Buffer.from(line, "base64")
      : null;
  // An unset variable or an empty device gives zeros.
  return secret?.every((byte) => byte === 0) === false ? secret : null;
}
