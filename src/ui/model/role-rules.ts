// A role's rule in an operator's form: "drain,use shard a-*,b-1". Pure.
import type { RoleRule } from "../../core/wire/gen/fleet/v1/command.ts";

/** Null: it does not have the three parts. Names may contain spaces, because domains' values may. */
export function parseRule(text: string): RoleRule | null {
  const [, verbs, tables, names] = /^\s*(\S+)\s+(\S+)\s+(\S.*?)\s*$/.exec(text) ?? [];
  if (verbs === undefined || tables === undefined || names === undefined) return null;
  return { verbs: listed(verbs), tables: listed(tables), names: listed(names) };
}

export function ruleText({ verbs, tables, names }: RoleRule): string {
  return [verbs, tables, names].map((words) => words.join(",")).join(" ");
}

const listed = (text: string) => text.split(",").map((word) => word.trim());
