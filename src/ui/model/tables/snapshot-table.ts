// One row per exported snapshot, and the lines about a restore.

import type { SnapshotFinding, SnapshotListReport } from "../../../client/snapshot/reports.ts";
import type { RestoreReport } from "../../../client/snapshot/restore.ts";
import { keptRevocationLines } from "../kept-revocation-lines.ts";
import type { Line } from "../line.ts";
import type { Mark, Table } from "../table.ts";
import { clockLines } from "./recovery-table.ts";

const MARKS: Readonly<Record<SnapshotFinding["state"], Mark>> = {
  complete: "good",
  verified: "good",
  incomplete: "warn",
  damaged: "bad",
};

export const snapshotTable: Table<SnapshotFinding> = {
  rowName: (snapshot) => snapshot.name,
  columns: [
    { name: "name", header: "NAME", value: (snapshot) => snapshot.name },
    { name: "state", header: "STATE", value: ({ state }) => ({ text: state, mark: MARKS[state] }) },
    { name: "fleet", header: "FLEET", value: (snapshot) => snapshot.clusterName },
    { name: "epoch", header: "EPOCH", value: (snapshot) => snapshot.epoch },
    { name: "index", header: "INDEX", value: (snapshot) => snapshot.index },
    { name: "term", header: "TERM", value: (snapshot) => snapshot.term },
    { name: "time", header: "TIME", value: ({ atMs }) => ({ atMs }) },
    { name: "bytes", header: "BYTES", value: (snapshot) => snapshot.bytes },
    {
      name: "key",
      header: "KEY",
      // Without a manifest it is unknown.
      value: ({ operatorKey, term }) => operatorKey ?? (term === null ? null : "plain"),
    },
    { name: "hash", header: "HASH", value: (snapshot) => snapshot.stateHash },
    { name: "cluster-id", header: "CLUSTER ID", value: (snapshot) => snapshot.clusterId, wide: true },
  ],
};

export function snapshotLines({ snapshots }: SnapshotListReport): Line[] {
  return snapshots.flatMap(({ name, problem, state }) =>
    problem === null ? [] : [{ text: `${name}: ${problem}`, mark: MARKS[state] }],
  );
}

/** What a restore brings back, and what it can't. */
export function restoreLines(report: RestoreReport): Line[] {
  const revocations = keptRevocationLines(report.revocations);
  return [...copyLines(report), ...revocations, ...clockLines(report.clockBehindMs)];
}

function copyLines({ exportedIndex, exportedAt, stateHash, missing }: RestoreReport): Line[] {
  const held: Line = {
    text: `exported at index ${exportedIndex}, ${exportedAt}, state ${stateHash}`,
    mark: "good",
  };
  if (missing === null)
    return [held, { text: "nothing is missing in comparison with the given folders", mark: "good" }];
  const { fromIndex, throughIndex } = missing;
  if (throughIndex !== null) {
    const text = `entries ${fromIndex} to ${throughIndex} of the compared folders are missing`;
    return [held, { text, mark: "bad" }];
  }
  const text = `entries from ${fromIndex} on, if any, are missing; their number is unknown without --compare`;
  return [held, { text, mark: "warn" }];
}
