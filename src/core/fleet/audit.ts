// Who changed what, when and why: the newest entries, as rows. Older ones are trimmed once they are exported; while
// nobody exports them more are kept, and what is dropped beyond that is counted, so that a gap never goes unseen.

import { assert } from "../base/assert.ts";
import type { LogIndex } from "../base/ids.ts";
import type { AuditExport, NoteAuditExported } from "../wire/gen/fleet/v1/command.ts";
import type { NewCommand } from "./command-codec.ts";
import { AUDIT_ENTRIES_MAX, AUDIT_UNEXPORTED_MAX } from "./limits.ts";
import { changed, type Result, rejected, unchanged } from "./result.ts";
import { AUDIT_EXPORT_KEY } from "./schema.ts";
import type { FleetState, FleetView } from "./state.ts";

export function addAuditEntry(state: FleetState, index: LogIndex, command: NewCommand, what: string): void {
  const { atMs, actor, reason } = command;
  state.tables.audit.put({ index, atMs, actor, reason, what });
  trim(state);
}

export function noteAuditExported(state: FleetState, { throughIndex }: NoteAuditExported): Result {
  const { auditExports } = state.tables;
  const known = auditExportOf(state);
  if (throughIndex > state.appliedIndex) {
    return rejected("INDEX_UNKNOWN", `index ${throughIndex} has not been applied yet`);
  }
  if (throughIndex <= known.throughIndex) return unchanged(known.throughIndex);
  auditExports.put({ ...known, throughIndex });
  trim(state);
  return changed(throughIndex);
}

export function auditExportOf({ tables }: FleetView): Readonly<AuditExport> {
  return tables.auditExports.get(AUDIT_EXPORT_KEY) ?? { throughIndex: 0, dropped: 0 };
}

function trim(state: FleetState): void {
  const { audit, auditExports } = state.tables;
  const known = auditExportOf(state);
  let { dropped } = known;
  while (audit.size > AUDIT_ENTRIES_MAX) {
    const oldest = audit.firstKey() ?? 0;
    const isExported = oldest <= known.throughIndex;
    if (!isExported && audit.size <= AUDIT_UNEXPORTED_MAX) break;
    if (!isExported) dropped += 1;
    audit.remove(oldest);
  }
  if (dropped !== known.dropped) auditExports.put({ ...known, dropped });
  assert(audit.size <= AUDIT_UNEXPORTED_MAX, "the audit log is bounded, exported or not");
}
