// Reads YAML from untrusted files: returns a value, or why there is none. What must stay true: no text makes
// the reader throw. A broken text, endless nesting or an alias bomb is a wrong file, not a bug of ours.

import { type Document, LineCounter, type ParsedNode, parseDocument, type YAMLMap } from "yaml";

/** Far more than a normal file of aliases has. Each use of an anchor counts as what it stands for. */
const ALIASES_MAX = 100;

interface Broken {
  readonly ok: false;
  readonly line: number;
  /** A sentence without a full stop. */
  readonly why: string;
}

type ReadDocument =
  | { readonly ok: true; readonly document: Document.Parsed<ParsedNode>; readonly lines: LineCounter }
  | Broken;

export function readYamlDocument(text: string): ReadDocument {
  const lines = new LineCounter();
  const read = caught(() => parseDocument(text, { lineCounter: lines }));
  if (!read.ok) return read;
  const document = read.value;
  const [broken] = document.errors;
  if (broken === undefined) return { ok: true, document, lines };
  return { ok: false, line: lines.linePos(broken.pos[0]).line, why: problemOf(broken.message) };
}

/** The whole text as plain values. */
export function readYaml(text: string): { readonly ok: true; readonly value: unknown } | Broken {
  const read = readYamlDocument(text);
  return read.ok ? caught(() => read.document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown) : read;
}

/** A node of a document as plain values. */
export function yamlValue(
  node: YAMLMap,
  document: Document.Parsed<ParsedNode>,
): { readonly ok: true; readonly value: unknown } | Broken {
  return caught(() => node.toJS(document, { maxAliasCount: ALIASES_MAX }) as unknown);
}

function caught<Value>(read: () => Value): { readonly ok: true; readonly value: Value } | Broken {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    // The reader throws other errors for these: an unknown alias, too many aliases, and no stack left.
    if (error instanceof ReferenceError) return { ok: false, line: 1, why: problemOf(error.message) };
    if (error instanceof RangeError) return { ok: false, line: 1, why: problemOf(error.message) };
    throw error;
  }
}

function problemOf(message: string): string {
  if (message.startsWith("Maximum call stack")) return "it is nested too deeply";
  if (message.startsWith("Excessive alias count")) {
    return "its aliases stand for more than any sound file has: write the values out";
  }
  return message.split("\n", 1)[0] ?? message;
}
