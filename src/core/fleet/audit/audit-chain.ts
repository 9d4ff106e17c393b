// The audit entries as a chain: each one's hash covers its fields and the hash of the entry before it, so that the newest hash
// stands for all of them (ADR-0029). What must stay true: the bytes that are hashed are part of the format, and the words of
// an entry (render-audit.ts) are no part of them, since builds may change them.

import { sha256 } from "../../base/sha-256.ts";
import type { AuditEntry } from "../../wire/gen/fleet/v1/command.ts";
import { metadataOf } from "../result.ts";
import type { FleetView } from "../state.ts";
import { schemas } from "../tables/schema.ts";

/** What the first entry has for the hash before it. */
export const NO_HASH = "";

/** The hash of an entry behind one with the hash `previous`: an entry without words, with its facts in order. */
export function chainedHash(previous: string, entry: Readonly<AuditEntry>): string {
  return sha256(schemas.audit.encode({ ...entry, hash: previous }));
}

/** The same of an entry as readers get it: with words, and with its facts in any order. */
export function recomputedHash(previous: string, entry: Readonly<AuditEntry>): string {
  return chainedHash(previous, { ...entry, what: "", metadata: metadataOf(entry.metadata) });
}

/** The hash that the next entry continues. */
export function chainHead({ tables }: Pick<FleetView, "tables">): string {
  for (const newest of tables.audit.rowsBack()) return newest.hash;
  return NO_HASH;
}

/** The hash of the entry before the first one of the table that is not below `index`. */
export function hashBefore(
  { tables }: Pick<FleetView, "tables">,
  index: number,
  trimmedHash: string,
): string {
  for (const before of tables.audit.rowsBack(index - 1)) return before.hash;
  return trimmedHash;
}
