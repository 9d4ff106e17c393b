// Roles, and which operators have them. What must stay true: a grant's role exists. Rules are bounded, so
// that checking a batch against all rules of an operator is fast. Verbs are not checked here: all builds must
// treat a later build's verb alike (the leader refuses unknown ones, services/writes/role-rules.ts).

import type {
  DeleteRole,
  GrantRole,
  OperatorRole,
  RevokeRole,
  RoleRule,
  SetRole,
} from "../../wire/gen/fleet/v1/command.ts";
import {
  GRANTS_MAX,
  ROLE_NAMES_MAX,
  ROLE_RULES_MAX,
  ROLES_MAX,
  ROLES_OF_OPERATOR_MAX,
  RULE_WORDS_MAX,
} from "../limits.ts";
import { isGrantee } from "../permissions/client-grantee.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";
import { grantKey } from "../tables/schema.ts";
import { checkNames, isPrintable } from "../validate.ts";
import { ABSENT, checkVersion } from "./expected-version.ts";

const WORD = /^(\*|[a-z][a-z-]{0,31})$/;
/** A domain's key and value, and the character between them. */
const PATTERN_BYTES_MAX = 507;
const OPERATORS_NAMED = 5;

export function setRole(state: FleetState, context: ApplyContext, operation: SetRole): Result {
  const { name, expectedVersion } = operation;
  const { roles } = state.tables;
  const row = roles.get(name);
  const refused =
    checkNames({ role: name }) ??
    checkRules(operation.rules) ??
    checkVersion(`role ${name}`, row, expectedVersion);
  if (refused !== null) return refused;
  if (row === undefined && roles.size >= ROLES_MAX) {
    return rejected("TOO_MANY", { limit: ROLES_MAX, what: "roles" });
  }
  const rules = operation.rules.map(inOrder);
  if (row !== undefined && areSame(row, rules)) return unchanged(row.version);
  roles.put({ name, rules, version: context.index, sinceMs: context.atMs });
  return changed(context.index);
}

/** Idempotent: a role that does not exist is as wanted. */
export function deleteRole(state: FleetState, { name, expectedVersion }: DeleteRole): Result {
  const { roles, grants } = state.tables;
  const row = roles.get(name);
  const conflict = checkVersion(`role ${name}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row === undefined) return unchanged(ABSENT);
  const count = grants.countOf(name);
  if (count > 0) {
    const operators: string[] = [];
    for (const grant of grants.rowsOf(name)) {
      if (operators.push(grant.operator) === OPERATORS_NAMED) break;
    }
    return rejected("ROLE_IN_USE", { role: name, grants: count, operators: operators.join(", ") });
  }
  roles.remove(name);
  return changed(ABSENT);
}

export function grantRole(state: FleetState, context: ApplyContext, operation: GrantRole): Result {
  const { operator, role } = operation;
  const { roles, grants } = state.tables;
  const refused = checkNames(isGrantee(operator) ? { role } : { operator, role });
  if (refused !== null) return refused;
  if (roles.get(role) === undefined) return rejected("ROLE_UNKNOWN", { role });
  const row = grants.get(grantKey(operator, role));
  if (row !== undefined) return unchanged(row.version);
  if (grants.size >= GRANTS_MAX) return rejected("TOO_MANY", { limit: GRANTS_MAX, what: "grants" });
  if (rolesOf(state, operator) >= ROLES_OF_OPERATOR_MAX) {
    return rejected("TOO_MANY", { limit: ROLES_OF_OPERATOR_MAX, what: "roles of one operator" });
  }
  grants.put({ operator, role, version: context.index, sinceMs: context.atMs });
  return changed(context.index);
}

/** Idempotent: a grant that does not exist is as wanted. */
export function revokeRole(state: FleetState, { operator, role }: RevokeRole): Result {
  const removed = state.tables.grants.get(grantKey(operator, role)) !== undefined;
  if (!removed) return unchanged(ABSENT);
  state.tables.grants.remove(grantKey(operator, role));
  return changed(ABSENT);
}

function rolesOf({ tables }: FleetState, operator: string): number {
  let count = 0;
  for (const grant of tables.grants.rows(grantKey(operator, ""))) {
    if (grant.operator !== operator) break;
    count += 1;
  }
  return count;
}

function checkRules(rules: readonly RoleRule[]): Result | null {
  if (rules.length === 0 || rules.length > ROLE_RULES_MAX) return invalid("rules", ROLE_RULES_MAX);
  for (const { verbs, tables, names } of rules) {
    if (!areWords(verbs)) return invalid("verbs", RULE_WORDS_MAX);
    if (!areWords(tables)) return invalid("tables", RULE_WORDS_MAX);
    const isNamed = isCounted(names) && names.every((name) => isPrintable(name, PATTERN_BYTES_MAX));
    if (!isNamed) return invalid("names", RULE_WORDS_MAX);
  }
  const count = rules.reduce((sum, { names }) => sum + names.length, 0);
  return count > ROLE_NAMES_MAX
    ? rejected("TOO_MANY", { limit: ROLE_NAMES_MAX, what: "names in a role" })
    : null;
}

const areWords = (words: readonly string[]) => isCounted(words) && words.every((word) => WORD.test(word));
const isCounted = (words: readonly string[]) => words.length > 0 && words.length <= RULE_WORDS_MAX;
const invalid = (field: string, limit: number) => rejected("INVALID_ROLE", { field, limit });

const inOrder = ({ verbs, tables, names }: RoleRule): RoleRule => ({
  verbs: sorted(verbs),
  tables: sorted(tables),
  names: sorted(names),
});

const sorted = (words: readonly string[]) => [...new Set(words)].sort();

function areSame(row: Readonly<OperatorRole>, rules: readonly RoleRule[]): boolean {
  return JSON.stringify(row.rules.map(inOrder)) === JSON.stringify(rules);
}
