// Typed reading of a directive's arguments. A malformed one is a failure of the script, not output: it throws.

import { type NodeId, nodeId } from "../../src/core/base/ids.ts";
import type { Directive } from "./datadriven.ts";

/** The values of `key`, undefined if it is absent. */
export function valuesOf(directive: Directive, key: string): readonly string[] | undefined {
  return directive.arguments.find((argument) => argument.key === key)?.values;
}

/** The single value of `key`, undefined if it is absent. */
export function stringOf(directive: Directive, key: string): string | undefined {
  const values = valuesOf(directive, key);
  if (values !== undefined && values.length !== 1)
    throw new Error(`${key} takes one value: ${directive.text}`);
  return values?.[0];
}

export function numberOf(directive: Directive, key: string): number | undefined {
  const value = stringOf(directive, key);
  return value === undefined ? undefined : toNumber(value);
}

export function booleanOf(directive: Directive, key: string): boolean {
  const value = stringOf(directive, key);
  return value === undefined ? false : toBoolean(value);
}

export function idsOf(directive: Directive, key: string): readonly NodeId[] {
  return (valuesOf(directive, key) ?? []).map(toId);
}

export function positionals(directive: Directive): readonly string[] {
  return directive.arguments.filter(({ values }) => values.length === 0).map(({ key }) => key);
}

export function positionalIds(directive: Directive): readonly NodeId[] {
  return positionals(directive).map(toId);
}

export function toId(text: string): NodeId {
  return nodeId(toNumber(text));
}

export function toNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new Error(`not a number: ${text}`);
  return value;
}

function toBoolean(text: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  throw new Error(`not a boolean: ${text}`);
}
