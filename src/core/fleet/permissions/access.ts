// What one operator may do: the union of the rules of all roles that were granted to it. What must stay true:
// without a rule that allows it, nothing is allowed. No rule denies anything, so the order of roles and rules
// does not matter.

import type { OperatorRole, RoleRule } from "../../wire/gen/fleet/v1/command.ts";
import type { FleetView } from "../state.ts";
import { grantKey } from "../tables/schema.ts";
import { type NamePattern, namePattern } from "./name-pattern.ts";

/** Permission for one row: "drain" a "shard" called "s1". */
export interface Permission {
  readonly verb: string;
  readonly table: string;
  readonly name: string;
}

export class Access {
  readonly roles: readonly Readonly<OperatorRole>[];
  /** Built at the first use: a batch checks the same rules for thousands of names. */
  readonly #patterns = new Map<string, readonly NamePattern[]>();

  constructor(roles: readonly Readonly<OperatorRole>[]) {
    this.roles = roles;
  }

  allows({ verb, table, name }: Permission): boolean {
    const key = `${verb} ${table}`;
    const patterns = this.#patterns.get(key) ?? this.#patternsFor(verb, table);
    this.#patterns.set(key, patterns);
    return patterns.some((matches) => matches(name));
  }

  /** The patterns of names for which the verb is allowed. */
  namesOf(verb: string, table: string): readonly string[] {
    const rules = this.roles.flatMap((role) => role.rules).filter((rule) => isAbout(rule, verb, table));
    return [...new Set(rules.flatMap((rule) => rule.names))];
  }

  #patternsFor(verb: string, table: string): readonly NamePattern[] {
    return this.namesOf(verb, table).map(namePattern);
  }
}

function isAbout({ verbs, tables }: Readonly<RoleRule>, verb: string, table: string): boolean {
  return holds(verbs, verb) && holds(tables, table);
}

const holds = (words: readonly string[], word: string) => words.includes("*") || words.includes(word);

/** `operator`: its name, without fleet://operator/; of a client as client-grantee.ts says. */
export function accessOf({ tables }: Pick<FleetView, "tables">, operator: string): Access {
  const roles: Readonly<OperatorRole>[] = [];
  for (const grant of tables.grants.rows(grantKey(operator, ""))) {
    if (grant.operator !== operator) break;
    const role = tables.roles.get(grant.role);
    if (role !== undefined) roles.push(role);
  }
  return new Access(roles);
}

const OPERATOR = "fleet://operator/";

/** The operator's name in an actor; null = the actor is not an operator, so roles do not apply to it. */
export function operatorOf(actor: string): string | null {
  return actor.startsWith(OPERATOR) ? actor.slice(OPERATOR.length) : null;
}
