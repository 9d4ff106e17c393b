// One row per node: how its data folder is encrypted, and how much must still be encrypted again.

import type { NodeKeys } from "../../../client/key/key-status.ts";
import type { DataKey } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Line } from "../line.ts";
import type { Mark, Table } from "../table.ts";

export type NodeKeysRow = Omit<NodeKeys, "nodeId" | "address" | "rotated">;

const MARKS: Readonly<Record<NodeKeysRow["state"], Mark>> = {
  encrypted: "good",
  replacing: "warn",
  plain: "unknown",
  unknown: "bad",
};

export const keyTable: Table<NodeKeysRow> = {
  rowName: (row) => row.node,
  columns: [
    { name: "node", header: "NODE", value: (row) => row.node },
    { name: "state", header: "STATE", value: ({ state }) => ({ text: state, mark: MARKS[state] }) },
    { name: "operator-key", header: "OPERATOR KEY", value: (row) => row.operatorKey },
    { name: "data-key", header: "DATA KEY", value: ({ keys }) => keys.at(-1)?.id ?? null },
    { name: "since", header: "SINCE", value: ({ keys }) => sinceOf(keys.at(-1)) },
    { name: "old-keys", header: "OLD KEYS", value: ({ keys }) => Math.max(0, keys.length - 1) },
    { name: "plain-files", header: "PLAIN FILES", value: (row) => plainFiles(row) },
    { name: "audit-files", header: "AUDIT FILES", value: (row) => auditFiles(row), wide: true },
    { name: "error", header: "ERROR", value: (row) => row.error, wide: true },
  ],
};

/** What is left to be done, or that nothing is. */
export function keyLines(nodes: readonly NodeKeysRow[]): Line[] {
  const lines: Line[] = nodes
    .filter(({ error }) => error !== null)
    .map(({ node, error }) => ({ mark: "bad", text: `${node}: ${error}` }));
  const operatorKeys = new Set(nodes.flatMap(({ operatorKey }) => operatorKey ?? []));
  if (operatorKeys.size > 1)
    lines.push({
      mark: "warn",
      text: `nodes have different operator's keys: ${[...operatorKeys].join(", ")}`,
    });
  const replacing = nodes
    .filter(
      ({ keys, plainSegments, plainSnapshots }) => keys.length > 1 || plainSegments + plainSnapshots > 0,
    )
    .map(({ node }) => node);
  if (replacing.length > 0) {
    const text = `files of earlier keys, or plain ones, are left at ${replacing.join(", ")}; they disappear as the log is compacted`;
    lines.push({ mark: "warn", text });
  }
  lines.push(...auditLines(nodes));
  const plain = nodes.filter(({ state }) => state === "plain").map(({ node }) => node);
  if (plain.length > 0) lines.push({ mark: "unknown", text: `not encrypted: ${plain.join(", ")}` });
  if (lines.length > 0) return lines;
  return [{ mark: "good", text: "everything is encrypted with the newest keys" }];
}

/** Exported audit entries are never encrypted again: keep their keys, or move the files elsewhere. */
function auditLines(nodes: readonly NodeKeysRow[]): Line[] {
  const earlier = new Map<string, number>();
  for (const { operatorKey, auditFiles } of nodes)
    for (const of of auditFiles)
      if (of.operatorKey !== "" && of.operatorKey !== operatorKey)
        earlier.set(of.operatorKey, (earlier.get(of.operatorKey) ?? 0) + of.files);
  const kept = [...earlier].map(
    ([key, files]): Line => ({
      mark: "warn",
      text: `${files} exported audit files open with key ${key} alone: keep that key, or decrypt them first (fleet key decrypt)`,
    }),
  );
  const plain = nodes.filter((row) => plainAuditFiles(row) > 0);
  if (plain.length === 0) return kept;
  const at = plain.map((row) => `${row.node} (${plainAuditFiles(row)})`).join(", ");
  const text = `plain exported audit files are left at ${at}: fleet never encrypts existing audit/*.jsonl; copy them elsewhere and remove them here`;
  return [...kept, { mark: "warn", text }];
}

const plainAuditFiles = ({ auditFiles }: NodeKeysRow): number =>
  auditFiles.find(({ operatorKey }) => operatorKey === "")?.files ?? 0;

const plainFiles = (row: NodeKeysRow): number =>
  row.plainSegments + row.plainSnapshots + plainAuditFiles(row);

const auditFiles = (row: NodeKeysRow): string =>
  row.auditFiles.map(({ operatorKey, files }) => `${operatorKey || "plain"}: ${files}`).join(", ");

const sinceOf = (key: DataKey | undefined): { readonly atMs: number } | null =>
  key === undefined ? null : { atMs: key.createdAtMs };
