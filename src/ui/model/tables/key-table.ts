// One row per node: how its data folder is encrypted, and what is left to be replaced.
import type { DataKey } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Line } from "../fleet-verdict.ts";
import type { Mark, Table } from "../table.ts";

/** What a node says of its keys, written down here since the model may not import the client. */
export interface NodeKeysRow {
  readonly node: string;
  readonly state: "encrypted" | "replacing" | "plain" | "unknown";
  readonly operatorKey: string | null;
  readonly keys: readonly DataKey[];
  readonly plainSegments: number;
  readonly plainSnapshots: number;
  readonly error: string | null;
}

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
  const replacing = nodes.filter(({ state }) => state === "replacing").map(({ node }) => node);
  if (replacing.length > 0) {
    const text = `files of earlier keys, or plain ones, are left at ${replacing.join(", ")}; they go as the log is compacted`;
    lines.push({ mark: "warn", text });
  }
  const plain = nodes.filter(({ state }) => state === "plain").map(({ node }) => node);
  if (plain.length > 0) lines.push({ mark: "unknown", text: `not encrypted: ${plain.join(", ")}` });
  if (lines.length > 0) return lines;
  return [{ mark: "good", text: "everything is encrypted with the newest keys" }];
}

const plainFiles = ({ plainSegments, plainSnapshots }: NodeKeysRow): number => plainSegments + plainSnapshots;

const sinceOf = (key: DataKey | undefined): { readonly atMs: number } | null =>
  key === undefined ? null : { atMs: key.createdAtMs };
