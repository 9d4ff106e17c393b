// One row per change of the fleet's state: when, at which index, who, what and why.
import type { AuditEntry, AuditExport } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { Line } from "../line.ts";
import type { Table } from "../table.ts";

export const auditTable: Table<AuditEntry> = {
  rowName: (entry) => String(entry.index),
  columns: [
    { name: "index", header: "INDEX", value: (entry) => entry.index },
    { name: "time", header: "TIME", value: (entry) => ({ atMs: entry.atMs }) },
    { name: "actor", header: "ACTOR", value: (entry) => entry.actor },
    { name: "what", header: "WHAT", value: (entry) => entry.what },
    { name: "reason", header: "REASON", value: (entry) => (entry.reason === "" ? null : entry.reason) },
    { name: "operation", header: "OPERATION", value: (entry) => entry.operation || null, wide: true },
    { name: "facts", header: "FACTS", value: ({ metadata }) => factsIn(metadata), wide: true },
  ],
};

// Null: it was written before cluster version 2, when only the line was stored.
function factsIn(metadata: AuditEntry["metadata"]): string | null {
  const facts = Object.entries(metadata).map(([name, value]) => `${name}=${value}`);
  return facts.length === 0 ? null : facts.join(" ");
}

const MORE: Line = {
  text: "there are more: raise --tail or --limit, or narrow the list; --after 0 shows all",
  mark: "unknown",
};

interface AuditReply {
  readonly more: boolean;
  readonly export?: AuditExport | undefined;
}

/** How far the log was exported, and whether entries were lost before that. */
export function auditLines(reply: AuditReply): Line[] {
  const { throughIndex = 0, dropped = 0 } = reply.export ?? {};
  const lines: Line[] = reply.more ? [MORE] : [];
  if (throughIndex > 0) lines.push({ text: `exported through index ${throughIndex}`, mark: "good" });
  if (dropped > 0)
    lines.push({ text: `${dropped} entries were dropped before they were exported`, mark: "bad" });
  return lines;
}
