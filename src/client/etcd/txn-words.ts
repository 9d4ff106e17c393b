// The words of a line of a transaction, cut as a shell would cut them. "…" knows the escapes of Go and JSON, '…' stands
// as it is. Everything else is a word up to a space. Pure.

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: "\n", r: "\r", t: "\t", a: "\u0007", b: "\b", f: "\f", v: "\v", "0": "\0" },
  ...{ '"': '"', "'": "'", "\\": "\\", "/": "/" },
};
const BARE = /[^\s"'()=<>!]/;
const OPERATOR = /^(!=|[=<>()])/;

export type Words =
  | { readonly ok: true; readonly words: readonly Word[] }
  | { readonly ok: false; readonly why: string };

export interface Word {
  readonly bytes: Uint8Array;
  readonly text: string;
  /** A quoted word is never a flag or an operator. */
  readonly isQuoted: boolean;
}

/** `operators`: =, <, >, != and parentheses are words of their own, as in a comparison. */
export function wordsOf(line: string, operators: boolean): Words {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    const rest = line.slice(at);
    const first = rest.charAt(0);
    if (/\s/.test(first)) {
      at += 1;
      continue;
    }
    const found = first === '"' || first === "'" ? quotedWord(rest) : bareWord(rest, operators);
    if (typeof found === "string") return { ok: false, why: found };
    words.push(found.word);
    at += found.length;
  }
  return { ok: true, words };
}

interface Found {
  readonly word: Word;
  readonly length: number;
}

function bareWord(rest: string, operators: boolean): Found {
  const operator = operators ? OPERATOR.exec(rest)?.[0] : undefined;
  let length = operator?.length ?? 0;
  while (operator === undefined && length < rest.length) {
    const character = rest.charAt(length);
    if (operators ? !BARE.test(character) : /\s/.test(character)) break;
    length += 1;
  }
  const text = rest.slice(0, Math.max(1, length));
  return { word: { bytes: Buffer.from(text), text, isQuoted: false }, length: text.length };
}

/** A text: why it can't be read. */
function quotedWord(rest: string): Found | string {
  const quote = rest.charAt(0);
  const parts: Uint8Array[] = [];
  for (let at = 1; at < rest.length; ) {
    const character = String.fromCodePoint(rest.codePointAt(at) ?? 0);
    if (character === quote) {
      const bytes = Buffer.concat(parts);
      return { word: { bytes, text: bytes.toString("utf8"), isQuoted: true }, length: at + 1 };
    }
    const found = character === "\\" && quote === '"' ? escaped(rest.slice(at + 1)) : null;
    if (found === undefined) return `unknown escape ${rest.slice(at, at + 2)}`;
    parts.push(found?.bytes ?? Buffer.from(character));
    at += found === null ? character.length : found.length + 1;
  }
  return `a quote is not closed: ${quote}`;
}

/** What stands behind a backslash: a character, a byte \xNN, or \uNNNN. Undefined: neither. */
function escaped(text: string): { readonly bytes: Uint8Array; readonly length: number } | undefined {
  const byte = /^x([0-9a-f]{2})/i.exec(text)?.[1];
  if (byte !== undefined) return { bytes: Buffer.from(byte, "hex"), length: 3 };
  const unit = /^u([0-9a-f]{4})/i.exec(text)?.[1];
  if (unit !== undefined)
    return { bytes: Buffer.from(String.fromCharCode(Number.parseInt(unit, 16))), length: 5 };
  const known = ESCAPES[text.charAt(0)];
  return known === undefined ? undefined : { bytes: Buffer.from(known), length: 1 };
}
