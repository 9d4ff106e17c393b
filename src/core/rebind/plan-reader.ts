// Reads the fields of a plan's document and collects every problem with its path.

import { isName } from "../base/ids.ts";
import { withoutUndo } from "./plan.ts";

export interface PlanProblem {
  /** For example "moves[3].to"; "" is the document itself. */
  readonly path: string;
  /** A sentence without a full stop. */
  readonly what: string;
}

type Fields = Readonly<Record<string, unknown>>;

export class PlanReader {
  readonly #problems: PlanProblem[];

  constructor(problems: PlanProblem[]) {
    this.#problems = problems;
  }

  problem(path: string, what: string): void {
    this.#problems.push({ path, what });
  }

  /** `known`: the keys that it may have; null = any. */
  fields(value: unknown, path: string, known: readonly string[] | null): Fields | null {
    if (!isFields(value)) {
      this.problem(path, "must be a mapping");
      return null;
    }
    for (const key of Object.keys(value)) {
      if (known !== null && !known.includes(key))
        this.problem(path === "" ? key : `${path}.${key}`, "is not a known key");
    }
    return value;
  }

  /** The name, or "" after reporting the problem. */
  name(value: unknown, path: string, lengthMax = 253): string {
    if (typeof value === "string" && isName(value) && withoutUndo(value).length <= lengthMax) return value;
    this.problem(
      path,
      `must be a name: 1 to ${lengthMax} of a-z 0-9 . _ - with a letter or digit at both ends`,
    );
    return "";
  }

  /** The text, or "" after reporting the problem. */
  text(value: unknown, path: string): string {
    if (typeof value === "string" && value !== "") return value;
    this.problem(path, "must be a text");
    return "";
  }

  /** The whole number, or `min` after reporting the problem. */
  count(value: unknown, path: string, min: number, max: number): number {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max)
      return value;
    this.problem(path, `must be a whole number from ${min} to ${max}`);
    return min;
  }

  /** Must be true or absent: a flag that is written as false has no effect. */
  flag(value: unknown, path: string): boolean {
    if (value !== undefined && value !== true) this.problem(path, "must be true, or left out");
    return value === true;
  }

  /** A repeated value is a problem of the list's field `key`. */
  unique(values: readonly string[], list: string, key: string): void {
    const first = new Map<string, number>();
    for (const [at, value] of values.entries()) {
      const earlier = first.get(value);
      if (earlier === undefined) first.set(value, at);
      else if (value !== "")
        this.problem(`${list}[${at}].${key}`, `is the same as that of ${list}[${earlier}]`);
    }
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
