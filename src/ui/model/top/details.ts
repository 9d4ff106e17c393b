// One open row: everything that is known about it, line by line.

import { formatDuration } from "../../../core/base/duration.ts";
import type {
  ClusterView,
  FollowerProgress,
  NodeStatus,
} from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { concerns } from "../audit-subject.ts";
import { shortfallLine } from "../cluster-facts-lines.ts";
import type { Line } from "../line.ts";
import { factAndFields, LOG_MARKS } from "../log-lines.ts";
import { tenths } from "../milliseconds.ts";
import { roomCell, syncCell } from "../node-state.ts";
import type { Cell } from "../table.ts";
import { livenessCell, stateCell } from "../tables/shard-table.ts";
import { formatBytes } from "./bytes.ts";
import { nodeName, reignEndWords, reignsOf } from "./reign-words.ts";
import { followersOf, lagMsOf, leaderStatus, type NodeSight, type TopState } from "./state.ts";

/** A label and its value; a line without a cell is a heading. */
export interface DetailLine {
  readonly label: string;
  readonly cell?: Cell;
}

const HISTORY_MAX = 20;

const heading = (label: string): DetailLine[] => [{ label: "" }, { label }];

/** A cluster: its binding, its shard, its shard's shortfalls for it, and its audit entries. */
export function clusterDetails(state: TopState, view: ClusterView): readonly DetailLine[] {
  const shardId = view.declared?.shardId;
  const shard = state.lists.shards?.value.shards.find((row) => row.shard?.shardId === shardId);
  const shortfalls = state.lists.shortfalls?.value.shortfalls.filter(
    ({ shortfall }) => shortfall?.clusterId === view.clusterId,
  );
  return [
    ...view.observed.flatMap((seen): DetailLine[] => [
      ...heading(`seen at ${seen.shardId}`),
      { label: "session", cell: seen.session ? "yes" : "no" },
      { label: "bound", cell: seen.bound ? "yes" : "no" },
      { label: "report", cell: `${formatDuration(seen.ageMs)} ago${seen.late ? ", silent since" : ""}` },
      ...(seen.doubleDial === undefined
        ? []
        : [{ label: "refuses", cell: `a second agent at ${seen.doubleDial.from}` }]),
    ]),
    ...(shard === undefined
      ? []
      : [
          ...heading(`its shard ${shardId}`),
          { label: "state", cell: stateCell(shard) },
          { label: "liveness", cell: livenessCell(shard) },
          { label: "address", cell: shard.shard?.address ?? null },
          { label: "sessions", cell: shard.observed?.sessions ?? null },
        ]),
    ...(shortfalls === undefined || shortfalls.length === 0
      ? []
      : [
          ...heading("demand"),
          ...shortfalls.map((row) => ({ label: "shortfall", cell: marked(shortfallLine(row)) })),
        ]),
    ...auditOf(state, view.clusterId),
  ];
}

const marked = ({ text, mark = "unknown" }: Line): Cell => ({ text, mark });

/** The audit entries about something, the newest first. */
export function auditOf(state: TopState, name: string): readonly DetailLine[] {
  const entries = (state.lists.audit?.value.entries ?? []).filter((entry) => concerns(entry, name));
  if (entries.length === 0) return [];
  const lines = entries.slice(-HISTORY_MAX).reverse();
  return [
    ...heading("in the audit log lately"),
    ...lines.map(
      ({ atMs, what, actor, reason }): DetailLine => ({
        label: formatDuration(Math.max(0, state.wallMs - atMs)),
        cell: `${what} (${actor})${reason === "" ? "" : `: ${reason}`}`,
      }),
    ),
  ];
}

/** A node: its followers if it leads, otherwise its own replication; its sizes, and the terms that it saw. */
export function nodeDetails(state: TopState, { reply, lastGood }: NodeSight): readonly DetailLine[] {
  const status = lastGood?.value;
  if (lastGood === null || status === undefined)
    return [{ label: "error", cell: reply.error }, ...logLines(state, reply.name)];
  const { vitals } = status;
  const leader = leaderStatus(state);
  const own =
    leader === null ? undefined : followersOf(leader).find(({ nodeId }) => nodeId === status.nodeId);
  return [
    { label: "heard", cell: `${formatDuration(Math.max(0, state.nowMs - lastGood.atMs))} ago` },
    { label: "error", cell: reply.error },
    { label: "build", cell: status.version },
    { label: "up for", cell: formatDuration(status.uptimeMs) },
    {
      label: "certificate",
      cell: reply.certificateDaysLeft === null ? null : `${reply.certificateDaysLeft} days left`,
    },
    { label: "metrics", cell: status.metricsAddress || null },
    { label: "disk", cell: diskCell(status) },
    { label: "free space", cell: roomCell(status) },
    ...heading("sizes"),
    {
      label: "log",
      cell: `indexes ${status.firstIndex} to ${status.lastIndex}${logPlace(status)}`,
    },
    {
      label: "snapshot",
      cell: `of index ${status.snapshotIndex}${vitals && !status.etcdEngine ? `, ${formatBytes(vitals.snapshotBytes)}` : ""}`,
    },
    { label: "memory", cell: vitals ? formatBytes(vitals.residentBytes) : null },
    { label: "processor", cell: vitals ? `${formatDuration(vitals.processorMs)} since it started` : null },
    {
      label: "commits",
      cell: vitals
        ? `${vitals.commitsPerSecond.toFixed(1)}/s, applied ${vitals.appliesPerSecond.toFixed(1)}/s`
        : null,
    },
    ...(own === undefined ? [] : [...heading(`as ${leader?.nodeName} sees it`), ...followerLines(own)]),
    ...followersOf(status).flatMap((follower) => [
      ...heading(`follower ${nodeName(state, follower.nodeId)}`),
      ...followerLines(follower),
    ]),
    ...reignLines(state),
    ...logLines(state, reply.name),
  ];
}

function diskCell(status: NodeStatus): Cell {
  if (status.diskFull) return { text: "full: as a leader it accepts no writes", mark: "bad" };
  const sync = syncCell(status);
  if (sync === null) return null;
  const text = `writes take ${String(sync)} (p99 of the last minute)`;
  return status.diskSlow ? { text: `slow: ${text}`, mark: "warn" } : { text, mark: "good" };
}

/** The data folder of a coordinator on etcd has no log. */
function logPlace({ etcdEngine, vitals }: NodeStatus): string {
  if (etcdEngine !== undefined) return `, in etcd under ${etcdEngine.prefix}`;
  return vitals === undefined ? "" : `, ${formatBytes(vitals.logBytes)} on the disk`;
}

function followerLines(follower: FollowerProgress): DetailLine[] {
  const { matchIndex, nextIndex, state, inflight, paused, lagEntries, roundTripMs } = follower;
  const lagMs = lagMsOf(follower);
  return [
    { label: "state", cell: `${state}${paused ? ", paused" : ""}${follower.learner ? ", learner" : ""}` },
    { label: "match", cell: `${matchIndex}, next ${nextIndex}` },
    { label: "lag", cell: lagMs === null ? "not known" : `${lagEntries} entries, ${formatDuration(lagMs)}` },
    { label: "under way", cell: `${inflight} appends` },
    { label: "round trip", cell: roundTripMs === undefined ? null : tenths(roundTripMs) },
  ];
}

/** The end of the log of a node on this machine, the newest line first. */
function logLines({ lists }: TopState, node: string): readonly DetailLine[] {
  const lines = lists.logs?.value[node] ?? [];
  if (lines.length === 0) return [];
  return [
    ...heading("end of its log"),
    ...lines.toReversed().map((line): DetailLine => {
      const text = factAndFields(line);
      const mark = LOG_MARKS[line.level ?? ""];
      const time = /T(\d\d:\d\d:\d\d)/.exec(line.at ?? "")?.[1];
      return {
        label: time === undefined ? "" : `${time}Z`,
        cell: mark === undefined ? text : { text, mark },
      };
    }),
  ];
}

function reignLines(state: TopState): DetailLine[] {
  const reigns = reignsOf(state).slice(-HISTORY_MAX).reverse();
  return [
    ...heading("terms"),
    ...reigns.map(({ name, term, fromMs, untilMs, why }): DetailLine => {
      const lasted = formatDuration((untilMs ?? state.nowMs) - fromMs);
      const end = untilMs === null ? `leads for ${lasted}` : `led for ${lasted}: ${reignEndWords(why)}`;
      return { label: `term ${term}`, cell: `${name} ${end}` };
    }),
  ];
}
