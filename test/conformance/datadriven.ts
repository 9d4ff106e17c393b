// The file format of data-driven tests (github.com/cockroachdb/datadriven): a directive line, optional input,
// `----`, the expected output up to a blank line. Parsing only; what directives mean is a driver's matter.

interface Argument {
  readonly key: string;
  /** Empty for a positional argument. */
  readonly values: readonly string[];
}

export interface Directive {
  /** Of the directive, counted from 1. */
  readonly line: number;
  readonly text: string;
  readonly command: string;
  readonly arguments: readonly Argument[];
  readonly input: string;
  /** Each line with its line end. */
  readonly expected: string;
}

const SEPARATOR = "----";

/** Throws an Error that names the line if the file is malformed. */
export function parseScript(text: string): readonly Directive[] {
  const reader = new LineReader(text);
  const directives: Directive[] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const start = reader.count;
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const directive = joinContinued(trimmed, reader);
    const [command = "", ...rest] = splitArguments(directive);
    if (command === "subtest") continue;
    const input = readInput(reader, start);
    const expected = readExpected(reader);
    const args = rest.map(parseArgument);
    directives.push({ line: start, text: directive, command, arguments: args, input, expected });
  }
  return directives;
}

class LineReader {
  readonly #lines: readonly string[];
  count = 0;

  constructor(text: string) {
    const lines = text.split("\n");
    this.#lines = lines.at(-1) === "" ? lines.slice(0, -1) : lines;
  }

  next(): string | undefined {
    const line = this.peek();
    if (line !== undefined) this.count += 1;
    return line;
  }

  peek(): string | undefined {
    return this.#lines[this.count];
  }
}

function joinContinued(first: string, reader: LineReader): string {
  let directive = first;
  while (directive.endsWith("\\"))
    directive = `${directive.slice(0, -1)} ${(reader.next() ?? "").trim()}`.trim();
  return directive;
}

function readInput(reader: LineReader, start: number): string {
  const lines: string[] = [];
  for (let line = reader.next(); line !== SEPARATOR; line = reader.next()) {
    if (line === undefined) throw new Error(`line ${start}: the directive has no "${SEPARATOR}"`);
    lines.push(line);
  }
  return lines.join("\n").trim();
}

function readExpected(reader: LineReader): string {
  if (reader.peek() === SEPARATOR) {
    reader.next();
    return readFenced(reader);
  }
  let expected = "";
  for (let line = reader.next(); line !== undefined && line.trim() !== ""; line = reader.next())
    expected += `${line}\n`;
  return expected;
}

/** Output that may hold blank lines, ended by two separators. */
function readFenced(reader: LineReader): string {
  let expected = "";
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    if (line === SEPARATOR && reader.peek() === SEPARATOR) {
      reader.next();
      return expected;
    }
    expected += `${line}\n`;
  }
  throw new Error("fenced output does not end");
}

/** Splits at spaces outside of parentheses. */
function splitArguments(text: string): readonly string[] {
  const parts: string[] = [];
  let part = "";
  let depth = 0;
  for (const letter of text) {
    if (letter === "(") depth += 1;
    if (letter === ")") depth -= 1;
    const isBetween = /\s/.test(letter) && depth <= 0;
    if (isBetween && part !== "") parts.push(part);
    part = isBetween ? "" : part + letter;
  }
  if (depth !== 0) throw new Error(`unbalanced parentheses in: ${text}`);
  return part === "" ? parts : [...parts, part];
}

function parseArgument(text: string): Argument {
  const equals = text.indexOf("=");
  if (equals === -1) return { key: text, values: [] };
  const key = text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (!value.startsWith("(")) return { key, values: [value] };
  if (!value.endsWith(")")) throw new Error(`text after the closing parenthesis in: ${text}`);
  return { key, values: splitValues(value.slice(1, -1)) };
}

function splitValues(text: string): readonly string[] {
  const values: string[] = [];
  let value = "";
  let depth = 0;
  for (const letter of text) {
    if (letter === "(") depth += 1;
    if (letter === ")") depth -= 1;
    const isComma = letter === "," && depth === 0;
    if (isComma) values.push(value);
    value = isComma ? "" : value + letter;
  }
  return [...values, value]
    .map((part) => part.trimStart())
    .filter((part, _, all) => all.length > 1 || part !== "");
}
