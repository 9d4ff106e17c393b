// The rows of every view: from which list they come, in which order, what opens, and which command shows the same.

import { shellWord } from "../../../core/base/shell-word.ts";
import { auditTable } from "../tables/audit-table.ts";
import { clusterTable } from "../tables/cluster-table.ts";
import { domainTable } from "../tables/domain-table.ts";
import { groupTable } from "../tables/group-table.ts";
import { instructionRow, instructionTable } from "../tables/instruction-table.ts";
import { nodeSnapshotTable } from "../tables/node-snapshot-table.ts";
import { providerTable } from "../tables/provider-table.ts";
import { quotaTable } from "../tables/quota-table.ts";
import { sessionTable } from "../tables/session-table.ts";
import { shardTable } from "../tables/shard-table.ts";
import { shortfallTable } from "../tables/shortfall-table.ts";
import { sightTable } from "../tables/sight-table.ts";
import { driftSeverity } from "../words.ts";
import { agedShards } from "./aged-shards.ts";
import { auditOf, clusterDetails, nodeDetails } from "./details.ts";
import { drillBoardTable, drillCommand, drillDetails, drillRows } from "./drill-rows.ts";
import { type RowList, rowList, type ViewSpec } from "./rows.ts";
import { leaderStatus, type NodeSight, type TopState } from "./state.ts";
import type { TableView } from "./views.ts";

type Lister = (state: TopState) => RowList;

/** Rows of a list that nothing was heard of yet. */
const NONE: readonly never[] = [];

const isSilent = ({ reply }: NodeSight): boolean => reply.status === null;

const ofNodes = (command: string, table: ViewSpec<NodeSight>["table"]): ViewSpec<NodeSight> => ({
  table,
  rows: ({ nodes }) => nodes,
  isStale: isSilent,
  command: () => command,
  details: nodeDetails,
});

const LISTERS: Readonly<Record<TableView, Lister>> = {
  nodes: lister(
    "nodes",
    ofNodes("fleet status -o wide", (state) => sightTable(state.nowMs, leaderStatus(state))),
  ),
  groups: lister(
    "groups",
    ofNodes("fleet status -o json", () => groupTable),
  ),
  snapshots: lister(
    "snapshots",
    ofNodes("fleet status -o wide", () => nodeSnapshotTable),
  ),
  shards: lister("shards", {
    table: () => shardTable,
    rows: agedShards,
    command: (row) =>
      row === null ? "fleet shard list" : `fleet shard show ${shellWord(row.shard?.shardId ?? "")}`,
    details: (state, { shard }) => auditOf(state, shard?.shardId ?? ""),
  }),
  clusters: lister("clusters", {
    table: () => clusterTable,
    rows: ({ lists }) => lists.clusters?.value.clusters ?? NONE,
    rank: ({ drift }) => driftSeverity(drift),
    command: (row) =>
      row === null ? "fleet cluster list" : `fleet cluster show ${shellWord(row.clusterId)}`,
    details: clusterDetails,
  }),
  domains: lister("domains", {
    table: () => domainTable,
    rows: ({ lists }) => lists.domains?.value.domains ?? NONE,
    command: (row) =>
      `fleet domain list${row === null ? "" : ` --domain-key ${shellWord(row.key)} --prefix ${shellWord(row.value)}`}`,
    details: (state, { value }) => auditOf(state, value),
  }),
  instructions: lister("instructions", {
    table: () => instructionTable,
    rows: instructionRows,
    command: (row) => `fleet instruction list${row === null ? "" : ` --shard ${shellWord(row.shardId)}`}`,
  }),
  shortfalls: lister("shortfalls", {
    table: () => shortfallTable,
    rows: ({ lists }) => lists.shortfalls?.value.shortfalls ?? NONE,
    keepsOrder: true,
    command: (row) => `fleet shortfall list${row === null ? "" : ` --shard ${shellWord(row.shardId)}`}`,
  }),
  quotas: lister("quotas", {
    table: () => quotaTable,
    rows: ({ lists }) => lists.quotas?.value.quotas ?? NONE,
    command: (row) => `fleet quota list${row === null ? "" : ` --provider ${shellWord(row.provider)}`}`,
    details: (_, { slices }) =>
      slices.map(({ shardId, amount }) => ({ label: `slice of ${shardId}`, cell: amount })),
  }),
  providers: lister("providers", {
    table: () => providerTable,
    rows: ({ lists }) => lists.providers?.value.providers ?? NONE,
    command: () => "fleet provider list",
  }),
  sessions: lister("sessions", {
    table: () => sessionTable,
    rows: ({ lists }) => lists.sessions?.value.sessions ?? NONE,
    command: () => "fleet session list",
  }),
  audit: lister("audit", {
    table: () => auditTable,
    rows: auditRows,
    keepsOrder: true,
    command: (row) =>
      row === null ? "fleet audit list --tail 50" : `fleet audit list --after ${row.index - 1} --limit 1`,
    details: (_, { metadata }) => Object.entries(metadata).map(([label, cell]) => ({ label, cell })),
  }),
  drills: lister("drills", {
    table: () => drillBoardTable,
    rows: drillRows,
    keepsOrder: true,
    command: drillCommand,
    details: drillDetails,
  }),
};

export const rowsOf = (state: TopState, view: TableView): RowList => LISTERS[view](state);

function lister<Row extends object>(name: TableView, spec: ViewSpec<Row>): Lister {
  return (state) => rowList(spec, state, state.views[name]);
}

const instructionsOf = new WeakMap<object, ReturnType<typeof instructionRow>[]>();

function instructionRows({ lists }: TopState): readonly ReturnType<typeof instructionRow>[] {
  const heard = lists.instructions?.value;
  if (heard === undefined) return NONE;
  const known = instructionsOf.get(heard) ?? heard.instructions.map(instructionRow);
  instructionsOf.set(heard, known);
  return known;
}

type Entries = NonNullable<TopState["lists"]["audit"]>["value"]["entries"];
const newestFirst = new WeakMap<object, Entries>();

function auditRows({ lists }: TopState): Entries {
  const heard = lists.audit?.value;
  if (heard === undefined) return [];
  const known = newestFirst.get(heard) ?? heard.entries.toReversed();
  newestFirst.set(heard, known);
  return known;
}
