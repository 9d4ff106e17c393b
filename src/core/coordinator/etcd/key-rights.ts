// What roles allow with keys, with patterns decoded once. What must stay true: a range is allowed only if one pattern
// covers all keys that it could ever have.

import type { Access } from "../../fleet/permissions/access.ts";
import { namePattern } from "../../fleet/permissions/name-pattern.ts";
import { type KeyRange, rangeOf, textOf } from "../../kv/key-bytes.ts";

export type KeyVerb = "read" | "write" | "lease";

/** Keys of a request, as texts with one character a byte. */
interface Asked {
  readonly key: string;
  readonly range: { readonly from: string; readonly to: string | null } | null;
}
type KeyPattern = (asked: Asked) => boolean;

const VERBS = ["read", "write", "lease"] as const;

export class KeyRights {
  readonly #names: Readonly<Record<KeyVerb, readonly string[]>>;
  /** Decoded at the first use. */
  readonly #patterns = new Map<KeyVerb, readonly KeyPattern[]>();

  constructor(access: Pick<Access, "namesOf">) {
    const of = (verb: KeyVerb) => access.namesOf(verb, "key");
    this.#names = { read: of("read"), write: of("write"), lease: of("lease") };
  }

  /** Whether there is a rule for the verb, about whatever keys. */
  has(verb: KeyVerb): boolean {
    return this.#names[verb].length > 0;
  }

  allows(verb: KeyVerb, key: Uint8Array, rangeEnd: Uint8Array): boolean {
    const patterns = this.#patterns.get(verb) ?? this.#names[verb].map(keyPattern);
    this.#patterns.set(verb, patterns);
    const asked = askedOf(key, rangeEnd);
    return patterns.some((matches) => matches(asked));
  }

  isSameAs(other: KeyRights): boolean {
    return VERBS.every((verb) => {
      const names = other.#names[verb];
      const own = this.#names[verb];
      return own.length === names.length && own.every((name, at) => name === names[at]);
    });
  }
}

/** Whether the pattern matches every key of the range. For a range only a pattern that ends with its one * can. */
export function covers(pattern: string, key: Uint8Array, rangeEnd: Uint8Array): boolean {
  return keyPattern(pattern)(askedOf(key, rangeEnd));
}

function askedOf(key: Uint8Array, rangeEnd: Uint8Array): Asked {
  const range = rangeOf(key, rangeEnd);
  return { key: textOf(key), range: range === null ? null : textsOf(range) };
}

const textsOf = ({ from, to }: KeyRange) => ({ from: textOf(from), to: to === null ? null : textOf(to) });

function keyPattern(pattern: string): KeyPattern {
  if (pattern === "*") return () => true;
  const text = textOf(Buffer.from(pattern));
  const matches = namePattern(text);
  const prefix = text.slice(0, -1);
  const end = text.endsWith("*") && !prefix.includes("*") ? endOfPrefix(prefix) : null;
  return ({ key, range }) => {
    if (range === null) return matches(key);
    return end !== null && range.to !== null && range.from.startsWith(prefix) && range.to <= end;
  };
}

/** The first text after all that begin with the prefix; null = no text comes after them. */
function endOfPrefix(prefix: string): string | null {
  for (let at = prefix.length - 1; at >= 0; at -= 1) {
    const byte = prefix.charCodeAt(at);
    if (byte < 0xff) return prefix.slice(0, at) + String.fromCharCode(byte + 1);
  }
  return null;
}
