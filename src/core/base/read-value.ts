// Reads typed values out of a parsed document, such as a YAML file, and collects every problem with its path. So an
// operator corrects a file once (ADR-0062). Absent: files and lines, which `core/wire/files/read-config.ts` adds.

import { isAddress } from "./address.ts";
import { isName } from "./ids.ts";
import { cut, quoted } from "./printable.ts";

/** A key is the file's own text, so an error quotes only the beginning of a long one. */
const KEY_MAX = 64;
/** So many problems of a document are kept; the others are counted. */
const PROBLEMS_KEPT = 1_000;

/** The keys and positions that lead to a value; none = the whole document. */
export type Path = readonly (string | number)[];

export interface Problem {
  readonly path: Path;
  /** A sentence without its subject, which is the path, and without a full stop. */
  readonly what: string;
}

/** A value in a document, and where it is. */
export interface Found {
  readonly value: unknown;
  readonly path: Path;
}

/** Returns the typed value. On another shape it throws what `wrong` or `problem` makes. */
export type Read<T> = (found: Found) => T;

export type ReadValue<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly more: number };

class Problems extends Error {
  readonly problems: readonly Problem[];
  /** How many others there are. */
  readonly more: number;

  constructor(problems: readonly Problem[], more = 0) {
    super(problems.map(problemText).join("; "));
    this.problems = problems;
    this.more = more;
  }
}

/** Reads a whole document. Every error but a problem of the document is thrown. */
export function readValue<T>(value: unknown, read: Read<T>): ReadValue<T> {
  const collected = new Collected();
  const typed = collected.add(() => read({ value, path: [] }));
  const { problems, more } = collected;
  return problems.length === 0 ? { ok: true, value: typed as T } : { ok: false, problems, more };
}

/** For example "moves[3].to"; "the file" is the document itself. */
export function pathText(path: Path): string {
  const text = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${cut(key, KEY_MAX)}`)).join("");
  return text === "" ? "the file" : text.replace(/^\./, "");
}

export const problemText = ({ path, what }: Problem): string => `${pathText(path)} ${what}`;

/** The error for a value with the fault that `what` states, such as "holds n1 twice". */
export function problem({ path }: Found, what: string): Error {
  return new Problems([{ path, what }]);
}

/** Throws the error for all of them, if there are any. */
export function refuse(problems: readonly Problem[]): void {
  const collected = new Collected();
  for (const { path, what } of problems) collected.say(path, what);
  collected.end();
}

/** The error for a value that does not match `wanted`. */
export function wrong(found: Found, wanted: string): Error {
  const there = found.value === undefined ? "it is missing" : `found ${shown(found.value)}`;
  return problem(found, `must be ${wanted}: ${there}`);
}

export function fieldOf(found: Found, key: string): Found {
  const fields = mappingOf(found);
  return { value: Object.hasOwn(fields, key) ? fields[key] : undefined, path: [...found.path, key] };
}

export function text(found: Found): string {
  if (typeof found.value !== "string" || found.value === "") throw wrong(found, "a text");
  return found.value;
}

export function flag(found: Found): boolean {
  if (typeof found.value !== "boolean") throw wrong(found, "true or false");
  return found.value;
}

/** The name of a fleet, node, shard or cluster. */
export function name(found: Found): string {
  const { value } = found;
  if (typeof value === "string" && isName(value)) return value;
  throw wrong(found, "a name of lower-case letters, digits, '.', '_' and '-'");
}

export function address(found: Found): string {
  const { value } = found;
  if (typeof value === "string" && isAddress(value)) return value;
  throw wrong(found, "an address host:port");
}

export function integer(min: number, max: number): Read<number> {
  return (found) => {
    const { value } = found;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max)
      return value;
    throw wrong(found, `a whole number from ${min} to ${max}`);
  };
}

export function oneOf<const T extends string | number | true>(...choices: readonly T[]): Read<T> {
  return (found) => {
    const chosen = choices.find((choice) => choice === found.value);
    const wanted = choices.length === 1 ? String(choices[0]) : `one of ${choices.join(", ")}`;
    if (chosen === undefined) throw wrong(found, wanted);
    return chosen;
  };
}

/** Undefined where the value is absent or null. */
export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (found) => (found.value === undefined || found.value === null ? undefined : read(found));
}

export function withDefault<T>(read: Read<T>, absent: T): Read<T> {
  return (found) => optional(read)(found) ?? absent;
}

type Shape = Readonly<Record<string, Read<unknown>>>;
type Optional<S extends Shape> = {
  [K in keyof S]: undefined extends ReturnType<S[K]> ? K : never;
}[keyof S];
export type Fields<S extends Shape> = {
  readonly [K in Exclude<keyof S, Optional<S>>]: ReturnType<S[K]>;
} & { readonly [K in Optional<S>]?: Exclude<ReturnType<S[K]>, undefined> };

/** The fields of a mapping; a field that reads as undefined is left out. Other fields are ignored. */
export function fields<S extends Shape>(shape: S): Read<Fields<S>> {
  return (found) => readFields(found, shape, new Collected());
}

/** The same where another field is a problem: it would be a typo without effect. */
export function fieldsOnly<S extends Shape>(shape: S): Read<Fields<S>> {
  return (found) => {
    const collected = new Collected();
    for (const key of Object.keys(mappingOf(found)))
      if (!Object.hasOwn(shape, key)) collected.say([...found.path, key], "is not a known field");
    return readFields(found, shape, collected);
  };
}

function readFields<S extends Shape>(found: Found, shape: S, collected: Collected): Fields<S> {
  mappingOf(found);
  const entries = Object.entries(shape).map(([key, read]) => [
    key,
    collected.add(() => read(fieldOf(found, key))),
  ]);
  collected.end();
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Fields<S>;
}

/** The entries of a mapping whose keys the writer of the document chooses. `readKey` refuses a wrong key. */
export function entries<T>(
  read: Read<T>,
  readKey: Read<unknown> = ({ value }) => value,
): Read<readonly (readonly [string, T])[]> {
  return (found) => {
    const collected = new Collected();
    const all = Object.entries(mappingOf(found)).map(([key, value]) => {
      const path = [...found.path, key];
      collected.add(() => readKey({ value: key, path }));
      return [key, collected.add(() => read({ value, path }))] as const;
    });
    collected.end();
    return all as readonly (readonly [string, T])[];
  };
}

interface ListRules<T> {
  readonly min?: number;
  readonly max?: number;
  /** Fields, by name, in which each item differs from all others; "" stands for the item as a whole. */
  readonly unique?: Readonly<Record<string, (item: T) => string>>;
}

export function list<T>(
  read: Read<T>,
  { min = 0, max = Infinity, unique = {} }: ListRules<T> = {},
): Read<readonly T[]> {
  const wanted = max === Infinity ? `a list of at least ${min}` : `a list of ${min} to ${max}`;
  return (found) => {
    const { value, path } = found;
    if (!Array.isArray(value)) throw wrong(found, min === 0 ? "a list" : wanted);
    if (value.length < min || value.length > max) throw problem(found, `must be ${wanted}`);
    const collected = new Collected();
    const items = value.map((item: unknown, at) =>
      collected.add(() => read({ value: item, path: [...path, at] })),
    );
    for (const [key, textOf] of Object.entries(unique)) {
      const place = (at: number): Path => [...path, at, ...(key === "" ? [] : [key])];
      const first = new Map<string, number>();
      for (const [at, item] of items.entries()) {
        if (item === undefined) continue;
        const own = textOf(item);
        const earlier = first.get(own);
        if (earlier === undefined) first.set(own, at);
        else collected.say(place(at), `repeats ${pathText(place(earlier))}`);
      }
    }
    collected.end();
    return items as readonly T[];
  };
}

/** Problems of the parts of one value. */
class Collected {
  readonly problems: Problem[] = [];
  more = 0;

  say(path: Path, what: string): void {
    if (this.problems.length < PROBLEMS_KEPT) this.problems.push({ path, what });
    else this.more += 1;
  }

  /** Undefined after a problem. */
  add<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Problems)) throw error;
      for (const { path, what } of error.problems) this.say(path, what);
      this.more += error.more;
      return undefined;
    }
  }

  end(): void {
    if (this.problems.length > 0) throw new Problems(this.problems, this.more);
  }
}

function mappingOf(found: Found): Readonly<Record<string, unknown>> {
  const { value, path } = found;
  // Not a copy: the fields of a large mapping are read one by one.
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  if (path.length === 0 && (value === null || value === undefined)) throw problem(found, "is empty");
  throw wrong(found, "a mapping");
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  return typeof value === "string" ? quoted(value) : String(value);
}
