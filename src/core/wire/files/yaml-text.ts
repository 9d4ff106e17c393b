// Parses YAML of untrusted files: returns a document, or why there is none. What must stay true: no text makes
// the parser throw. A broken text, endless nesting or an alias bomb is a wrong file, not a bug of ours.

import { type Document, LineCounter, type ParsedNode, parseDocument } from "yaml";

/** Far more than a normal file of aliases has. Each use of an anchor counts as what it stands for. */
const ALIASES_MAX = 10_000;

const TOO_DEEP = "it is nested too deeply";

interface Broken {
  readonly ok: false;
  /** `what`: a sentence without a full stop. */
  readonly problems: readonly { readonly line: number; readonly what: string }[];
}

type Parsed = Document.Parsed<ParsedNode>;
type ReadDocument = { readonly ok: true; readonly document: Parsed; readonly lines: LineCounter } | Broken;

export function readYamlDocument(text: string): ReadDocument {
  const lines = new LineCounter();
  const read = caught(() => parseDocument(text, { lineCounter: lines }));
  if (!read.ok) return read;
  const document = read.value;
  if (document.errors.length === 0) return { ok: true, document, lines };
  const problems = document.errors.map(({ pos, message }) => ({
    line: lines.linePos(pos[0]).line,
    what: problemOf(message),
  }));
  // The rest of such a text is broken by that alone, once for each of its brackets.
  const deep = problems.find(({ what }) => what === TOO_DEEP);
  return { ok: false, problems: deep === undefined ? problems : [deep] };
}

/** The whole document as plain values. */
export function yamlValue(document: Parsed): { readonly ok: true; readonly value: unknown } | Broken {
  return caught(() => document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown);
}

function caught<Value>(read: () => Value): { readonly ok: true; readonly value: Value } | Broken {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    // The parser throws other errors for these: an unknown alias, too many aliases, and no stack left.
    if (error instanceof ReferenceError || error instanceof RangeError)
      return { ok: false, problems: [{ line: 1, what: problemOf(error.message) }] };
    throw error;
  }
}

function problemOf(message: string): string {
  if (message.startsWith("Maximum call stack")) return TOO_DEEP;
  if (message.startsWith("Excessive alias count")) {
    return "its aliases stand for more than any sound file has: write the values out";
  }
  return message.split("\n", 1)[0] ?? message;
}
