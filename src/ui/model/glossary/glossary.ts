// What tables, their columns and the words in them mean, found by name: `cluster`, `cluster.drift`,
// `cluster.drift.elsewhere`, or a part alone, as `drift`.
import { CHANGES } from "./changes.ts";
import { DATA_PLANE } from "./data-plane.ts";
import { NODES } from "./nodes.ts";
import { OPERATORS } from "./operators.ts";
import { STORE } from "./store.ts";
import type { Meaning, Subject } from "./subject.ts";

export const glossary: readonly Subject[] = [...NODES, ...DATA_PLANE, ...CHANGES, ...OPERATORS, ...STORE];

/** One thing that has a meaning. `name` is its path: cluster.drift.elsewhere. */
export interface Term {
  readonly name: string;
  readonly meaning: string;
}

export const terms: readonly Term[] = glossary.flatMap(({ name, is, columns }) => [
  { name, meaning: is },
  ...Object.entries(columns).flatMap(([column, meaning]) => columnTerms(`${name}.${column}`, meaning)),
]);

/** What a column's meaning says, without its values. */
export function sentenceOf(meaning: Meaning): string {
  return typeof meaning === "string" ? meaning : meaning.is;
}

/** The values of a column whose values are words. */
export function valuesOf(meaning: Meaning): Readonly<Record<string, string>> {
  return typeof meaning === "string" ? {} : meaning.values;
}

/** The subjects alone: where to begin. */
export const subjects: readonly Term[] = terms.filter(({ name }) => !name.includes("."));

/**
 * The named terms with what is below them; for a part alone every term of that name. A column that the table does not have
 * is explained where it stands: shard.drift is cluster.drift. Upper and lower case are one.
 */
export function explain(asked: string): readonly Term[] {
  const found = named(asked);
  const [table = "", column] = asked.split(".");
  const isOfAnother = found.length === 0 && column !== undefined && named(table).length > 0;
  return isOfAnother ? named(column) : found;
}

function named(asked: string): readonly Term[] {
  const wanted = asked.toLowerCase();
  const exact = below(wanted);
  const singular = wanted.replace(/^([^.]+?)s(?=\.|$)/, "$1");
  const found = exact.length > 0 ? exact : below(singular);
  if (found.length > 0) return found;
  const ends = terms.filter(({ name }) => name.toLowerCase().endsWith(`.${wanted}`));
  return ends.flatMap(({ name }) => below(name.toLowerCase()));
}

/** All that `explain` finds something for. */
export const knownNames: readonly string[] = [
  ...new Set(terms.flatMap(({ name }) => [name, ...name.split(".").slice(-1)])),
];

function below(path: string): readonly Term[] {
  return terms.filter(({ name }) => {
    const lower = name.toLowerCase();
    return lower === path || lower.startsWith(`${path}.`);
  });
}

function columnTerms(name: string, meaning: Meaning): readonly Term[] {
  const values = Object.entries(valuesOf(meaning));
  return [
    { name, meaning: sentenceOf(meaning) },
    ...values.map(([value, is]) => ({ name: `${name}.${value}`, meaning: is })),
  ];
}
