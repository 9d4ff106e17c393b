// Bytes of keys and values as text for people. What must stay true: the text is printable, and bytes that are not
// UTF-8 show as escapes, not as replacement characters that look alike. Pure.
import { cut, printable } from "../../core/base/printable.ts";

/** How bytes are shown: as text where they are, or as hexadecimal digits. */
export interface ByteStyle {
  readonly hex: boolean;
  /** Longer texts are cut; absent: they are not. */
  readonly charactersMax?: number;
}

export function bytesText(bytes: Uint8Array, { hex, charactersMax }: ByteStyle): string {
  const text = hex ? Buffer.from(bytes).toString("hex") : printable(textOf(bytes));
  return charactersMax === undefined ? text : cut(text, charactersMax);
}

/** The bytes as text; those that are not UTF-8 as \xNN beside the ASCII among them. */
function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  return Array.from(bytes, (byte) =>
    byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");
}
