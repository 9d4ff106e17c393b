// Makes text from other sources safe to show. Names and remarks come from shards, agents and other callers.
// They must not move the cursor, hide or reorder the text beside them, or start a line of their own. Unicode's Cc, Cf,
// Zl, Zp, Cs and DI are escaped. These are control characters (C0, DEL, C1) and format characters (bidirectional
// controls, zero-width ones, tags). They are also line and paragraph separators, lone surrogates, and invisible
// characters (Default_Ignorable_Code_Point). The escapes are JSON's. A backslash stays as it is: escapes are for
// reading. Absent: letters that look alike. isName decides which characters a name may have.

const UNSAFE = "[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}\\p{DI}]";
const ANY = new RegExp(UNSAFE, "u");
// Most texts are, and this tells it in a tenth of the time.
const ASCII = /^[ -~]*$/;
const EACH = new RegExp(UNSAFE, "gu");
// What chalk writes for the sixteen colours, and the end of a line.
const OWN_OR_UNSAFE = new RegExp(`\\u001B\\[[0-9;]*m|\\n|${UNSAFE}`, "gu");
// The line ends of JSON's own indentation. Within a string, JSON.stringify has escaped them.
const UNSAFE_IN_JSON = new RegExp(`(?!\\n)${UNSAFE}`, "gu");

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const QUOTED_CHARACTERS_MAX = 64;

/** Whether `text` can be shown as it is, on one line. */
export const isPrintable = (text: string): boolean => ASCII.test(text) || !ANY.test(text);

/** `text` on one line, with escapes for every character that is not drawn in its place. */
export function printable(text: string): string {
  return isPrintable(text) ? text : text.replaceAll(EACH, escaped);
}

/** Text that this program made of printable parts: its line ends stay, and its colours if `styled`. */
export function printableLines(text: string, styled: boolean): string {
  if (isPrintable(text)) return text;
  return text.replaceAll(OWN_OR_UNSAFE, (found) => {
    const isOwn = found === "\n" || (styled && found.length > 1 && found.startsWith("\u001B"));
    return isOwn ? found : found.replaceAll(EACH, escaped);
  });
}

/** A JSON text, or YAML in double quotes, with the same value and only printable characters. */
export function printableJson(json: string): string {
  return isPrintable(json) ? json : json.replaceAll(UNSAFE_IN_JSON, escapedUnits);
}

/** A caller's text in an error: quoted, printable, and cut. */
export function quoted(text: string, charactersMax = QUOTED_CHARACTERS_MAX): string {
  return printableJson(JSON.stringify(cut(text, charactersMax)));
}

/**
 * At most `charactersMax` characters; the last one is an ellipsis where some are missing. Never cuts a
 * surrogate pair.
 */
export function cut(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const kept = text.slice(0, charactersMax - 1);
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

function escaped(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  return character.length === 1 ? unit(character) : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

const escapedUnits = (character: string): string =>
  Array.from({ length: character.length }, (_, at) => unit(character.charAt(at))).join("");

const unit = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
