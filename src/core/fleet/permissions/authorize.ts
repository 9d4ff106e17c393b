// Whether an operator's command may be applied. The leader checks it before it proposes, and every replica checks it
// again when it applies the entry. The roles at that place of the log decide (ADR-0028). Other actors are checked only
// by their certificate, when the call arrives.

import { type Operation, RowRefusal } from "../../wire/gen/fleet/v1/command.ts";
import { ROW_REFUSALS_MAX } from "../limits.ts";
import { type Facts, metadataOf, type Result, rejected } from "../result.ts";
import type { FleetView } from "../state.ts";
import { shortened } from "../validate.ts";
import { type Access, accessOf, operatorOf, type Permission } from "./access.ts";
import { type Need, needsOf } from "./permissions.ts";

/** A domain's key and value, and the character between them. */
const NAME_BYTES_MAX = 507;

/** The refusal of an operation that this actor may not do, or null. */
export function denial(
  view: Pick<FleetView, "tables">,
  actor: string,
  kind: NonNullable<Operation["kind"]>,
): Result | null {
  const operator = operatorOf(actor);
  if (operator === null) return null;
  const needs = needsOf(view, kind);
  if (needs === "administrator") return rejected("ADMINISTRATOR_ONLY", { operator });
  const access = accessOf(view, operator);
  if (needs !== "any-role") return missingOf(access, operator, needs);
  return access.roles.length > 0 ? null : rejected("ROLE_MISSING", { operator });
}

/** The first missing permission; for a batch the first rows that lack one. */
function missingOf(access: Access, operator: string, needs: readonly Need[]): Result | null {
  const missing: Need[] = [];
  for (const need of needs) {
    if (!access.allows(need)) missing.push(need);
    if (missing.length === ROW_REFUSALS_MAX) break;
  }
  const [first] = missing;
  if (first === undefined) return null;
  const rows = missing.flatMap((need) => rowRefusal(operator, need));
  return rejected(GRANT_MISSING, factsOf(operator, first), rows);
}

const GRANT_MISSING = "GRANT_MISSING";

function rowRefusal(operator: string, need: Need): RowRefusal[] {
  if (need.row === undefined) return [];
  const metadata = metadataOf(factsOf(operator, need));
  return [RowRefusal.fromPartial({ row: need.row, reason: GRANT_MISSING, metadata })];
}

/** The refusal for one permission, for calls that are not operations. */
export function grantMissing(operator: string, permission: Permission): Result {
  return rejected(GRANT_MISSING, factsOf(operator, permission));
}

function factsOf(operator: string, { verb, table, name }: Permission): Facts {
  return { operator, verb, table, name: shortened(name, NAME_BYTES_MAX) };
}
