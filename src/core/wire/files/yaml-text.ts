// Parses YAML of untrusted files: returns a document, or why the text is not one. What must stay true: no text makes
// the parser throw. A broken text, endless nesting or an alias bomb is a wrong file, not a bug of ours.

import { type Document, isAlias, isNode, LineCounter, type ParsedNode, parseDocument, visit } from "yaml";

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
  const read = caught(() => parseDocument(text, { lineCounter: lines, prettyErrors: false }));
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
export function yamlValue(
  document: Parsed,
  lines: LineCounter,
): { readonly ok: true; readonly value: unknown } | Broken {
  const read = caught(() => document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown);
  if (read.ok) return read;
  const unknown = caught(() => unknownAlias(document));
  if (!unknown.ok || unknown.value === null) return read;
  const { line } = lines.linePos(unknown.value);
  return { ok: false, problems: read.problems.map(({ what }) => ({ line, what })) };
}

/** Where the first alias stands that has no anchor before it; null = all have one. */
function unknownAlias(document: Parsed): number | null {
  const anchors = new Set<string>();
  let at: number | null = null;
  visit(document, (_, node) => {
    if (isAlias(node) && !anchors.has(node.source)) {
      at = node.range?.[0] ?? null;
      return visit.BREAK;
    }
    if (isNode(node) && "anchor" in node && node.anchor !== undefined) anchors.add(node.anchor);
    return undefined;
  });
  return at;
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
    return "its aliases expand to too many values: write the values out";
  }
  return message.split("\n", 1)[0] ?? message;
}
