// An operator's permissions, in a line and as rules. Pure.
import type { CheckAccessResponse, GrantedRule } from "../../core/wire/gen/fleet/v1/coordinator.ts";

export function accessWords({ administrator, rules }: CheckAccessResponse): string {
  if (administrator) return "may do everything, whatever the roles say";
  const roles = [...new Set(rules.map(({ role }) => role))];
  if (roles.length === 0) return "may read everything, and change nothing";
  return `may read everything, and change what ${roles.join(", ")} ${roles.length === 1 ? "allows" : "allow"}`;
}

const ALL = ["*"];

/** Reading needs no role, and an administrator needs none at all. */
export function accessRules({ administrator, rules }: CheckAccessResponse): readonly GrantedRule[] {
  const verbs = administrator ? ALL : ["read"];
  return [{ role: "", rule: { verbs, tables: ALL, names: ALL } }, ...rules];
}
