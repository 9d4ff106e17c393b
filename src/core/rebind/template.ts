// Turns a command template into an argument vector without a shell. Words are split and quoted as in a POSIX
// shell, then placeholders are replaced within each word. What must stay true: a value never splits a word
// and never adds one. Syntax that needs a shell (pipes, variables, …) is an error, not a surprise.

export interface TemplateValues {
  readonly cluster: string;
  readonly from: string;
  readonly to: string;
  /** host:port of the shard that the agent must dial. */
  readonly address: string;
}

export type Expanded =
  | { readonly ok: true; readonly argv: readonly string[] }
  | { readonly ok: false; readonly what: string };

const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
// A template may pass a word to a shell of its own (sh -c '…'), so values must be harmless even there.
const HARMLESS = /^[A-Za-z0-9._:[\]-]+$/;
const NEEDS_SHELL = "|&;<>()$`";
const NEEDS_SHELL_IN_QUOTES = "$`";

export function expandTemplate(template: string, values: TemplateValues): Expanded {
  const split = splitWords(template);
  if (!split.ok) return split;
  if (split.argv.length === 0 || split.argv[0] === "") return { ok: false, what: "the command is empty" };
  const known = new Map(Object.entries(values));
  for (const [, name = ""] of template.matchAll(PLACEHOLDER)) {
    const value = known.get(name);
    if (value === undefined) return { ok: false, what: `unknown placeholder {${name}}` };
    if (!HARMLESS.test(value)) return { ok: false, what: `the value of {${name}} is not a name or address` };
  }
  const argv = split.argv.map((word) =>
    word.replaceAll(PLACEHOLDER, (whole, name) => known.get(name) ?? whole),
  );
  return { ok: true, argv };
}

type Quote = "'" | '"' | null;

function splitWords(text: string): Expanded {
  const argv: string[] = [];
  let word: string | null = null;
  let quote: Quote = null;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote === "'") {
      if (char === "'") quote = null;
      else word = (word ?? "") + char;
    } else if (char === "\\") {
      at++;
      if (at >= text.length) return { ok: false, what: "the command ends in a backslash" };
      word = (word ?? "") + unescaped(text.charAt(at), quote);
    } else if (char === quote) {
      quote = null;
    } else if ((quote === null ? NEEDS_SHELL : NEEDS_SHELL_IN_QUOTES).includes(char)) {
      return { ok: false, what: `there is no shell to interpret ${char}: escape it, or use sh -c '…'` };
    } else if (quote === null && (char === "'" || char === '"')) {
      quote = char;
      word ??= "";
    } else if (quote === null && /\s/.test(char)) {
      if (word !== null) argv.push(word);
      word = null;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (quote !== null) return { ok: false, what: `a ${quote} is not closed` };
  if (word !== null) argv.push(word);
  return { ok: true, argv };
}

// Within double quotes a backslash is kept before a character that needs no escaping (POSIX shell, 2.2.3).
function unescaped(char: string, quote: Quote): string {
  return quote === '"' && !'"\\$`'.includes(char) ? `\\${char}` : char;
}
