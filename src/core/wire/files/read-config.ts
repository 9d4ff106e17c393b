// Reads a YAML file that an operator wrote. Every problem is reported at once, each with its line and its path
// (ADR-0062).

import { isMap, isNode, isSeq, type LineCounter, type Node } from "yaml";
import { type Exit, OperatorError } from "../../base/errors.ts";
import { type Path, problemText, type Read, readValue } from "../../base/read-value.ts";
import { readYamlDocument, yamlValue } from "./yaml-text.ts";

/** What an error of one kind of file has besides the problems. */
export interface ConfigError {
  readonly code: string;
  readonly next: string;
  readonly exit: Exit;
}

interface Line {
  readonly line: number;
  readonly what: string;
}

/** More problems than an operator corrects in one go. */
const PROBLEMS_MAX = 20;

/** The value that `read` makes of `text`, the contents of `file`. Throws the OperatorError that `error` describes. */
export function readConfig<T>(file: string, text: string, error: ConfigError, read: Read<T>): T {
  const parsed = readYamlDocument(text);
  if (!parsed.ok) throw failure(file, parsed.problems, error);
  const { document, lines } = parsed;
  const plain = yamlValue(document, lines);
  if (!plain.ok) throw failure(file, plain.problems, error);
  const typed = readValue(plain.value, read);
  if (typed.ok) return typed.value;
  const problems = typed.problems.map((problem) => ({
    line: lineOf(document.contents, problem.path, lines),
    what: problemText(problem),
  }));
  throw failure(file, problems, error, typed.more);
}

/** `untold`: how many problems there are besides. */
function failure(
  file: string,
  found: readonly Line[],
  { code, next, exit }: ConfigError,
  untold = 0,
): OperatorError {
  const problems = found.toSorted((a, b) => a.line - b.line);
  const [first] = problems;
  const count = problems.length + untold;
  if (first !== undefined && count === 1) {
    return new OperatorError(code, { what: `${file}:${first.line}: ${first.what}`, next, exit });
  }
  const more = count - PROBLEMS_MAX;
  const shown = problems.slice(0, PROBLEMS_MAX).map(({ line, what }) => `line ${line}: ${what}`);
  return new OperatorError(code, {
    what: `${file} has ${count} problems`,
    why: [...shown, ...(more > 0 ? [`${more} more`] : [])].join("; "),
    next,
    exit,
  });
}

/** The line of the value; where it is missing, that of what should have it. */
function lineOf(root: Node | null, path: Path, lines: LineCounter): number {
  let start = root?.range?.[0] ?? 0;
  let node: unknown = root;
  for (const key of path) {
    const pair = isMap(node) ? node.items.find(({ key: own }) => keyText(own) === String(key)) : undefined;
    const next = isSeq(node) ? node.items[Number(key)] : (pair?.value ?? pair?.key);
    if (!isNode(next)) break;
    start = (isNode(pair?.key) ? pair.key : next).range?.[0] ?? start;
    node = next;
  }
  return lines.linePos(start).line;
}

const keyText = (key: unknown): string => (isNode(key) ? String(key.toJSON()) : String(key));
