// One row per node: its log and newest snapshot on the disk, and the leader's exports.
import { formatDuration } from "../../../core/base/duration.ts";
import type { Cell, Table } from "../table.ts";
import { formatBytes } from "../top/bytes.ts";
import type { NodeSight } from "../top/state.ts";

const statusOf = ({ reply }: NodeSight) => reply.status;
const bytes = (count: number | undefined): Cell => (count === undefined ? null : formatBytes(count));

export const nodeSnapshotTable: Table<NodeSight> = {
  rowName: ({ reply }) => reply.name,
  columns: [
    { name: "node", header: "NODE", value: ({ reply }) => reply.name },
    { name: "snapshot", header: "SNAPSHOT", value: (node) => statusOf(node)?.snapshotIndex ?? null },
    { name: "size", header: "SIZE", value: (node) => bytes(statusOf(node)?.vitals?.snapshotBytes) },
    { name: "first", header: "LOG FROM", value: (node) => statusOf(node)?.firstIndex ?? null },
    { name: "last", header: "LOG TO", value: (node) => statusOf(node)?.lastIndex ?? null },
    { name: "log", header: "LOG SIZE", value: logCell },
    { name: "export", header: "EXPORTS TO", value: (node) => statusOf(node)?.snapshotExport?.to ?? null },
    { name: "exported", header: "EXPORTED", value: exportCell },
  ],
};

/** The data folder of a coordinator on etcd has no log. */
function logCell(node: NodeSight): Cell {
  const status = statusOf(node);
  return status?.etcdEngine === undefined ? bytes(status?.vitals?.logBytes) : null;
}

function exportCell(node: NodeSight): Cell {
  const exported = statusOf(node)?.snapshotExport;
  if (exported === undefined) return null;
  const { index, ageMs, error, overdue } = exported;
  if (error !== "") return { text: error, mark: "bad" };
  const text = index === 0 ? "none yet" : `index ${index}, ${formatDuration(ageMs)} ago`;
  return { text, mark: overdue || index === 0 ? "warn" : "good" };
}
