// Which audit entries are to be exported next, and as which file. Pure: the same entries always make the same file,
// so that an export that was cut short is recognised when it is repeated.

import { printableJson } from "../base/printable.ts";
import { auditExportOf } from "../fleet/audit.ts";
import { renderAuditEntry } from "../fleet/render-audit.ts";
import type { FleetView } from "../fleet/state.ts";
import type { AuditEntry } from "../wire/gen/fleet/v1/command.ts";

export interface AuditFile {
  readonly name: string;
  readonly content: Uint8Array;
  /** The last entry's log index. */
  readonly through: number;
  readonly entries: number;
}

/** The oldest `entriesPerFile` entries that no file holds; null while fewer wait. */
export function dueExport(view: FleetView, entriesPerFile: number): AuditFile | null {
  const due: Readonly<AuditEntry>[] = [];
  for (const entry of view.tables.audit.rows(auditExportOf(view).throughIndex + 1)) {
    due.push(entry);
    if (due.length === entriesPerFile) return fileOf(due);
  }
  return null;
}

function fileOf(entries: readonly Readonly<AuditEntry>[]): AuditFile {
  const first = entries.at(0)?.index ?? 0;
  const through = entries.at(-1)?.index ?? 0;
  const content = new TextEncoder().encode(entries.map((entry) => `${lineOf(entry)}\n`).join(""));
  return {
    name: `audit-${padded(first)}-${padded(through)}.jsonl`,
    content,
    through,
    entries: entries.length,
  };
}

// Files are in log order when they are in the order of their names.
const padded = (index: number): string => String(index).padStart(16, "0");

/** As `fleet audit list -o jsonl` prints it, so that one tool reads both. */
function lineOf(entry: Readonly<AuditEntry>): string {
  const { index, atMs, actor, reason, what } = renderAuditEntry(entry);
  const at = new Date(atMs).toISOString();
  const line = { actor, at, index: String(index), kind: "AuditEntry", reason, schemaVersion: 1, what };
  return printableJson(JSON.stringify(line));
}
