// One row per coordinator node. A node that did not answer shows only its name, its address and the reason:
// values of an earlier answer would make it look alive.

import type { NodeObservation } from "../../../client/fleet-status.ts";
import { formatDuration } from "../../../core/base/duration.ts";
import { endsSoon } from "../../../core/wire/tls/certificate-age.ts";
import { shortHash } from "../fleet-verdict.ts";
import { tenths } from "../milliseconds.ts";
import { nodeState, roomCell, syncCell } from "../node-state.ts";
import type { Cell, Table } from "../table.ts";
import { roleWord } from "../words.ts";

export const nodeTable: Table<NodeObservation> = {
  rowName: (node) => node.name,
  columns: [
    { name: "name", header: "NAME", value: (node) => node.name },
    { name: "state", header: "STATE", value: stateCell },
    {
      name: "role",
      header: "ROLE",
      value: (node) => (node.status === null ? null : roleWord(node.status.role)),
    },
    { name: "term", header: "TERM", value: (node) => node.status?.term ?? null },
    { name: "commit", header: "COMMIT", value: (node) => node.status?.commitIndex ?? null },
    { name: "applied", header: "APPLIED", value: (node) => node.status?.appliedIndex ?? null },
    { name: "lag", header: "LAG", value: (node) => node.lag },
    { name: "hash", header: "HASH", value: hashCell },
    { name: "rtt", header: "RTT", value: roundTripCell },
    { name: "version", header: "VERSION", value: (node) => node.status?.version ?? null },
    { name: "knows", header: "KNOWS", value: knownCell, wide: true },
    { name: "id", header: "ID", value: (node) => node.nodeId, wide: true },
    { name: "address", header: "ADDRESS", value: (node) => node.address, wide: true },
    { name: "metrics", header: "METRICS", value: (node) => node.status?.metricsAddress ?? null, wide: true },
    { name: "etcd", header: "ETCD", value: (node) => node.status?.etcdAddress ?? null, wide: true },
    { name: "first", header: "FIRST", value: (node) => node.status?.firstIndex ?? null, wide: true },
    { name: "last", header: "LAST", value: (node) => node.status?.lastIndex ?? null, wide: true },
    { name: "snapshot", header: "SNAPSHOT", value: (node) => node.status?.snapshotIndex ?? null, wide: true },
    { name: "sync", header: "SYNC P99", value: (node) => syncCell(node.status), wide: true },
    { name: "free", header: "FREE", value: ({ status }) => status && roomCell(status), wide: true },
    { name: "certificate", header: "CERT", value: certificateCell, wide: true },
    { name: "uptime", header: "UPTIME", value: uptimeCell, wide: true },
    { name: "error", header: "ERROR", value: (node) => node.error, wide: true },
  ],
};

function stateCell(node: NodeObservation): Cell {
  if (!node.reachable) return { text: "down", mark: "bad" };
  if (node.status === null) return { text: "no status", mark: "unknown" };
  return nodeState(node.status);
}

function hashCell(node: NodeObservation): Cell {
  const hash = node.hashAt === null || node.hashAt === "" ? (node.status?.stateHash ?? "") : node.hashAt;
  return hash === "" ? null : shortHash(hash);
}

function roundTripCell(node: NodeObservation): Cell {
  return node.roundTripMs === null ? null : tenths(node.roundTripMs);
}

function certificateCell({ certificateDaysLeft: days }: NodeObservation): Cell {
  if (days === null) return null;
  return endsSoon(days) ? { text: `${days}d`, mark: days < 0 ? "bad" : "warn" } : `${days}d`;
}

// Builds from before cluster versions do not say which version they know.
function knownCell({ status }: NodeObservation): Cell {
  return status === null || status.knownVersion === 0 ? null : status.knownVersion;
}

function uptimeCell(node: NodeObservation): Cell {
  return node.status === null ? null : formatDuration(node.status.uptimeMs);
}
