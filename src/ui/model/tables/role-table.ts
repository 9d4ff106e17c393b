// One row per role.
import type { RoleView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { ruleText } from "../role-rules.ts";
import type { Table } from "../table.ts";

const OPERATORS_SHOWN = 5;

export const roleTable: Table<RoleView> = {
  rowName: ({ role }) => role?.name ?? "",
  columns: [
    { name: "name", header: "NAME", value: ({ role }) => role?.name ?? null },
    { name: "rules", header: "RULES", value: ({ role }) => (role?.rules ?? []).map(ruleText).join("; ") },
    { name: "operators", header: "OPERATORS", value: ({ operators }) => shown(operators) },
    { name: "version", header: "VERSION", value: ({ role }) => role?.version ?? null, wide: true },
    {
      name: "since",
      header: "SINCE",
      value: ({ role }) => (role === undefined ? null : { atMs: role.sinceMs }),
      wide: true,
    },
  ],
};

function shown(operators: readonly string[]): string | null {
  if (operators.length === 0) return null;
  const more = operators.length - OPERATORS_SHOWN;
  const named = operators.slice(0, OPERATORS_SHOWN).join(", ");
  return more > 0 ? `${named} and ${more} more` : named;
}
