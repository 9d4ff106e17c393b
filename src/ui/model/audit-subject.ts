// What an audit entry is about.
import type { AuditEntry } from "../../core/wire/gen/fleet/v1/command.ts";

/** Whether the entry names `name`. Entries of cluster version 1 have only their sentence. */
export function concerns({ metadata, what }: AuditEntry, name: string): boolean {
  return Object.values(metadata).includes(name) || what.split(/[\s,;:]+/).includes(name);
}
