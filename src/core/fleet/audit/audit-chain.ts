// The audit entries as a chain (ADR-0029). Each entry's hash covers its fields and the hash of the entry before it. So
// the newest hash stands for all of them. What must stay true: the hashed bytes are part of the format. The words of an
// entry (render-audit.ts) are not part of them, because builds may change them.

import type { AuditEntry } from "../../wire/gen/fleet/v1/command.ts";
import { metadataOf } from "../result.ts";
import type { FleetView } from "../state.ts";
import { chainEntry } from "../tables/audit-row.ts";

/** The previous hash of the first entry. */
export const NO_HASH = "";

/** Of an entry as readers get it: with words, and with its facts in any order. Its own hash plays no part. */
export function recomputedHash(previous: string, entry: Readonly<AuditEntry>): string {
  return chainEntry(previous, { ...entry, what: "", metadata: metadataOf(entry.metadata) }).hash;
}

/** The hash that the next entry must follow. */
export function chainHead({ tables }: Pick<FleetView, "tables">): string {
  return tables.audit.lastRow()?.hash ?? NO_HASH;
}

/** The hash of the entry before the table's first one at or above `index`. */
export function hashBefore(
  { tables }: Pick<FleetView, "tables">,
  index: number,
  trimmedHash: string,
): string {
  for (const before of tables.audit.rowsBack(index - 1)) return before.hash;
  return trimmedHash;
}
