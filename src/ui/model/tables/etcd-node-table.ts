// One row per node of an etcd cluster.

import type { EtcdNodeRow } from "../../../client/etcd/cluster-status.ts";
import type { Cell, Table } from "../table.ts";

const MARKS = { up: "good", down: "bad", "not-asked": "unknown" } as const;
const MEBIBYTE = 1024 * 1024;

export const etcdNodeTable: Table<EtcdNodeRow> = {
  rowName: ({ name }) => name,
  columns: [
    { name: "name", header: "NAME", value: ({ name }) => name },
    { name: "state", header: "STATE", value: stateCell },
    { name: "role", header: "ROLE", value: ({ role }) => role },
    { name: "term", header: "TERM", value: ({ term }) => term },
    { name: "index", header: "INDEX", value: ({ index }) => index },
    { name: "applied", header: "APPLIED", value: ({ appliedIndex }) => appliedIndex },
    { name: "db", header: "DB", value: ({ dbSizeBytes }) => sizeText(dbSizeBytes) },
    { name: "version", header: "VERSION", value: ({ version }) => version },
    { name: "endpoint", header: "ENDPOINT", value: ({ endpoint }) => endpoint },
    { name: "id", header: "ID", value: ({ memberId }) => memberId, wide: true },
    { name: "problem", header: "PROBLEM", value: ({ problem }) => problem },
  ],
};

function stateCell({ answers, problem }: EtcdNodeRow): Cell {
  return { text: answers, mark: answers === "up" && problem !== null ? "warn" : MARKS[answers] };
}

const sizeText = (bytes: number | null): string | null =>
  bytes === null ? null : `${(bytes / MEBIBYTE).toFixed(1)}MiB`;
