// The output of `fleet cluster show`: the binding, who serves the cluster, its shard, its demand, and its history.

import type { ClusterFacts } from "../../client/cluster-facts.ts";
import { formatDuration } from "../../core/base/duration.ts";
import type { AuditEntry } from "../../core/wire/gen/fleet/v1/command.ts";
import type {
  ClusterObserved,
  ClusterView,
  ShardShortfall,
  ShardView,
} from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Line } from "./line.ts";
import { labelsCell } from "./tables/labels-cell.ts";
import { pairs } from "./tables/shortfall-table.ts";
import { driftCell, livenessWord, shardStateWord } from "./words.ts";

/** Of any moment. */
export type Facts = Omit<ClusterFacts, "stamp">;

/** A moment in milliseconds since 1970 as text. */
type Moment = (atMs: number) => string;

// The others are in -o json.
const HISTORY_SHOWN = 20;

export function clusterFactsLines({ cluster, shard, shortfalls }: Facts, moment: Moment): Line[] {
  return [
    ...declaredLines(cluster, moment),
    driftLine(cluster),
    ...cluster.observed.map(observedLine),
    ...(shard === null ? [] : [shardLine(shard)]),
    ...shortfalls.map(shortfallLine),
  ];
}

function declaredLines({ clusterId, declared }: ClusterView, moment: Moment): Line[] {
  if (declared === undefined) return [{ text: `${clusterId} is declared to no shard`, mark: "warn" }];
  const { shardId, version, by, sinceMs, migration } = declared;
  const labels = labelsCell(declared.labels);
  const text = `${clusterId} is declared to ${shardId} since ${moment(sinceMs)} by ${by}, version ${version}`;
  const moving = migration && `migration ${migration.migrationId} moves it from ${migration.fromShard}`;
  return [
    { text, mark: "good" },
    ...(labels === null ? [] : [{ text: `labels: ${labels}`, mark: "good" } as const]),
    ...(moving === undefined ? [] : [{ text: moving, mark: "warn" } as const]),
  ];
}

function driftLine({ drift }: ClusterView): Line {
  const { text, mark } = driftCell(drift);
  return { text: `drift: ${text}`, mark };
}

function observedLine({ shardId, session, bound, ageMs, doubleDial, late }: ClusterObserved): Line {
  const facts = [
    session ? "has its agent's session" : "has no session of its agent",
    bound ? "holds its binding" : "holds no binding",
    ...(doubleDial === undefined ? [] : [`refuses a second agent at ${doubleDial.from}`]),
    `report ${formatDuration(ageMs)} ago${late ? ", silent since" : ""}`,
  ];
  const isWell = session && bound && !late && doubleDial === undefined;
  return { text: `${shardId} ${facts.join(", ")}`, mark: isWell ? "good" : "warn" };
}

function shardLine({ shard, liveness, observed }: ShardView): Line {
  const state = shardStateWord(shard?.state ?? 0);
  const life = livenessWord(liveness);
  const sessions = observed === undefined ? "no report yet" : `${observed.sessions} sessions`;
  const isWell = state === "active" && life === "alive";
  const text = `its shard ${shard?.shardId ?? ""} at ${shard?.address ?? ""} is ${state} and ${life}, ${sessions}`;
  return { text, mark: isWell ? "good" : "warn" };
}

export function shortfallLine({ shardId, shortfall }: ShardShortfall): Line {
  const wanted = pairs(shortfall?.requirements);
  const needs = `${shardId} lacks ${pairs(shortfall?.deficit) ?? "nothing"} for it`;
  const since = `for ${shortfall?.ageCycles ?? 0} cycles, priority ${shortfall?.priority ?? 0}`;
  return { text: `${needs}${wanted === null ? "" : ` on machines with ${wanted}`}, ${since}`, mark: "warn" };
}

/** What was changed about it, the newest last. */
export function historyLines({ history, historyAfterIndex }: Facts, moment: Moment): string[] {
  const shown = history.slice(-HISTORY_SHOWN);
  const parts = [
    history.length === 0
      ? "the audit log has no change of it"
      : `changes of it in the audit log: ${history.length}`,
    ...(history.length > shown.length ? [`the newest ${shown.length} below`] : []),
    ...(historyAfterIndex === 0 ? [] : [`entries before index ${historyAfterIndex} were not searched`]),
  ];
  return ["", parts.join(", "), ...shown.map((entry) => entryLine(entry, moment))];
}

function entryLine({ index, atMs, actor, what, reason }: AuditEntry, moment: Moment): string {
  const why = reason === "" ? "" : ` (${reason})`;
  return `  ${index}  ${moment(atMs)}  ${actor}  ${what}${why}`;
}
