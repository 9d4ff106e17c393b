// Which audit entries are exported next, and as which file. Pure: the same entries always make the same file,
// so that an interrupted export is recognised when it is repeated.

import { exportLine } from "../../audit/export-line.ts";
import { auditExportOf } from "../../fleet/audit/audit.ts";
import { hashBefore } from "../../fleet/audit/audit-chain.ts";
import type { FleetView } from "../../fleet/state.ts";
import type { AuditEntry } from "../../wire/gen/fleet/v1/command.ts";

export interface AuditFile {
  readonly name: string;
  readonly content: Uint8Array;
  /** The last entry's log index. */
  readonly through: number;
  readonly entries: number;
  /** The last entry's hash; empty = it has none. */
  readonly head: string;
}

/** The oldest `entriesPerFile` entries that are in no file yet; null while there are fewer. */
export function dueExport(view: FleetView, entriesPerFile: number): AuditFile | null {
  const { throughIndex, trimmedHash } = auditExportOf(view);
  const due: Readonly<AuditEntry>[] = [];
  for (const entry of view.tables.audit.rows(throughIndex + 1)) {
    due.push(entry);
    if (due.length === entriesPerFile) return fileOf(due, hashBefore(view, throughIndex + 1, trimmedHash));
  }
  return null;
}

function fileOf(entries: readonly Readonly<AuditEntry>[], before: string): AuditFile {
  const first = entries.at(0)?.index ?? 0;
  const through = entries.at(-1)?.index ?? 0;
  let previous = before;
  const lines = entries.map((entry) => {
    const line = exportLine({ entry, previous });
    previous = entry.hash;
    return `${line}\n`;
  });
  const content = new TextEncoder().encode(lines.join(""));
  const name = `audit-${padded(first)}-${padded(through)}.jsonl`;
  return { name, content, through, entries: entries.length, head: previous };
}

// Ordering files by name gives log order.
const padded = (index: number): string => String(index).padStart(16, "0");
