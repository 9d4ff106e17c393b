// Selects by labels, in kubectl's language: "team=a,tier!=web,zone in (a,b),zone notin (c),gpu,!legacy". All
// requirements must match. As in Kubernetes, `!=` and `notin` match an object without the label too.

import { isLabelKey, isLabelValue } from "./labels.ts";

export type Labels = Readonly<Record<string, string>>;
export type LabelTest = (labels: Labels | undefined) => boolean;

export const SELECTOR_LENGTH_MAX = 1_024;
/** Every row of a list is compared with each requirement. */
export const REQUIREMENTS_MAX = 32;

/** The language in words. */
export const SELECTOR_RULE =
  "a selector is KEY=VALUE, KEY!=VALUE, KEY, !KEY, KEY in (A,B) or KEY notin (A,B); at most 32 are separated by commas, none twice";

const PAIR = /^([^\s=!(),]+)\s*(==|=|!=)\s*([^\s=!(),]*)$/;
const KEY = /^(!?)\s*([^\s=!(),]+)$/;
const SET = /^([^\s=!(),]+)\s+(in|notin)\s*\(([^()]*)\)$/;
/** Commas that no parenthesis follows belong between requirements. */
const BETWEEN = /,(?![^(]*\))/;

interface Requirement {
  readonly key: string;
  /** Null = any value. */
  readonly values: ReadonlySet<string> | null;
  readonly isWanted: boolean;
}

/** What selectors see of a shard: its own labels, its region and its zone. */
export function shardLabels(own: Labels | undefined, region: string, zone: string): Labels {
  return { ...own, ...(region === "" ? {} : { region }), ...(zone === "" ? {} : { zone }) };
}

/** Null: the text is no selector. An empty text matches everything. */
export function parseSelector(text: string): LabelTest | null {
  if (text.length > SELECTOR_LENGTH_MAX) return null;
  if (text === "") return () => true;
  const parts = text.split(BETWEEN);
  if (parts.length > REQUIREMENTS_MAX) return null;
  const distinct = new Map<string, Requirement>();
  for (const part of parts) {
    const requirement = requirementOf(part.trim());
    if (requirement === null || !isValid(requirement)) return null;
    const { key, values, isWanted } = requirement;
    const same = JSON.stringify([key, isWanted, values && [...values]]);
    if (distinct.has(same)) return null;
    distinct.set(same, requirement);
  }
  const requirements = [...distinct.values()];
  return (labels = {}) => requirements.every((requirement) => matches(requirement, labels));
}

function requirementOf(part: string): Requirement | null {
  const [, key = "", operator, value = ""] = PAIR.exec(part) ?? [];
  if (operator !== undefined) return { key, values: new Set([value]), isWanted: operator !== "!=" };
  const [, setKey = "", word, list = ""] = SET.exec(part) ?? [];
  if (word !== undefined) {
    const values = new Set(list.split(",").map((each) => each.trim()));
    return { key: setKey, values, isWanted: word === "in" };
  }
  const [, not, name] = KEY.exec(part) ?? [];
  return name === undefined ? null : { key: name, values: null, isWanted: not === "" };
}

function isValid({ key, values }: Requirement): boolean {
  return isLabelKey(key) && (values === null || [...values].every(isLabelValue));
}

function matches({ key, values, isWanted }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  const has = value !== undefined && (values === null || values.has(value));
  return has === isWanted;
}
