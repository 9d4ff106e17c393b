// The newest events of a fleet: changes between two answers, and audit entries. What must stay true: the list
// is bounded, and many changes at once take few lines.

import { formatDuration } from "../../../core/base/duration.ts";
import type { AuditEntry } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { ClusterView, ShardView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { ReignEnd } from "../../../core/wire/gen/fleet/v1/views.ts";
import type { Mark } from "../table.ts";
import { driftCell, hasDrift, livenessWord } from "../words.ts";
import type { ListEvent } from "./lists.ts";
import { type NamedReign, reignEndWords, reignsOf } from "./reign-words.ts";
import type { FleetEvent, NodeSight, TopState } from "./state.ts";

const KEPT = 200;
/** Of one kind, at once. */
const LINES_MAX = 5;
/** Of what was there before the dashboard was opened. */
const OLD_ENTRIES = 20;

/** Newest first. */
export function keepEvents(known: readonly FleetEvent[], news: readonly FleetEvent[]): readonly FleetEvent[] {
  if (news.length === 0) return known;
  return [...news, ...known].toSorted((a, b) => b.atMs - a.atMs).slice(0, KEPT);
}

/** Of nodes and their leaders. */
export function eventsOfFleet(before: TopState, after: TopState): readonly FleetEvent[] {
  if (before.fleet === null) return [];
  return [...reignEvents(before, after), ...nodeEvents(before.nodes, after.nodes, after.wallMs)];
}

function reignEvents(before: TopState, after: TopState): FleetEvent[] {
  const known = new Map(reignsOf(before).map((reign) => [`${reign.term} ${reign.leaderId}`, reign]));
  return reignsOf(after).flatMap((reign): FleetEvent[] => {
    const old = known.get(`${reign.term} ${reign.leaderId}`);
    const isNew = old === undefined && known.size > 0;
    const isOver = reign.why !== ReignEnd.UNSPECIFIED && old?.untilMs === null;
    return [...(isNew ? [beginning(reign, after)] : []), ...(isOver ? ending(reign, after) : [])];
  });
}

/** Of all terms that the nodes remember, the oldest first. */
export function pastReignEvents(state: TopState): FleetEvent[] {
  return reignsOf(state).flatMap((reign) => [beginning(reign, state), ...ending(reign, state)]);
}

function beginning({ name, term, fromMs }: NamedReign, state: TopState): FleetEvent {
  return { atMs: wallOf(state, fromMs), text: `${name} leads term ${term}`, mark: "good" };
}

function ending({ name, term, fromMs, untilMs, why }: NamedReign, state: TopState): FleetEvent[] {
  if (untilMs === null) return [];
  const text = `${name} led term ${term} for ${formatDuration(untilMs - fromMs)}: ${reignEndWords(why)}`;
  return [{ atMs: wallOf(state, untilMs), text, mark: why === ReignEnd.HANDED_OVER ? "good" : "warn" }];
}

const wallOf = ({ wallMs, nowMs }: TopState, atMs: number): number => wallMs - Math.max(0, nowMs - atMs);

function nodeEvents(before: readonly NodeSight[], after: readonly NodeSight[], atMs: number): FleetEvent[] {
  const known = new Map(before.map((sight) => [sight.reply.address, sight]));
  const events = after.flatMap((sight): FleetEvent[] => {
    const old = known.get(sight.reply.address);
    const { name, status, error } = sight.reply;
    if (old === undefined) return [{ atMs, text: `${name} is a member`, mark: "good" }];
    const refusal = status?.certificateRefusal ?? "";
    if (refusal !== "" && (old.reply.status?.certificateRefusal ?? "") === "")
      return [{ atMs, text: `${name} refuses its new certificate: ${refusal}`, mark: "warn" }];
    if (status === null && old.reply.status !== null)
      return [{ atMs, text: `${name} is down: ${error ?? "no answer"}`, mark: "bad" }];
    const isBack = status !== null && old.reply.status === null && old.lastGood !== null;
    return isBack ? [{ atMs, text: `${name} is back`, mark: "good" }] : [];
  });
  const here = new Set(after.map(({ reply }) => reply.address));
  const gone = before.filter(({ reply }) => !here.has(reply.address));
  return [
    ...events,
    ...gone.map(({ reply }): FleetEvent => ({ atMs, text: `${reply.name} is not a member`, mark: "warn" })),
  ];
}

/** Of shards, clusters and the audit log. */
export function eventsOfList(
  state: TopState,
  event: ListEvent,
): { readonly events: readonly FleetEvent[]; readonly auditIndex: number } {
  const { auditIndex, wallMs, lists } = state;
  switch (event.name) {
    case "shards": {
      const before = lists.shards?.value.shards;
      const events = before === undefined ? [] : shardEvents(before, event.reply.shards, wallMs);
      return { events, auditIndex };
    }
    case "clusters": {
      const before = lists.clusters?.value.clusters;
      const events = before === undefined ? [] : driftEvents(before, event.reply.clusters, wallMs);
      return { events, auditIndex };
    }
    case "audit":
      return auditEvents(event.reply.entries, auditIndex);
    default:
      return { events: [], auditIndex };
  }
}

const LIVENESS_MARKS: Readonly<Record<string, Mark>> = { alive: "good", suspect: "warn", dead: "bad" };

function shardEvents(before: readonly ShardView[], after: readonly ShardView[], atMs: number): FleetEvent[] {
  const known = new Map(before.map((view) => [view.shard?.shardId, view.liveness]));
  const events = after.flatMap(({ shard, liveness }): FleetEvent[] => {
    const old = known.get(shard?.shardId);
    const word = livenessWord(liveness);
    if (old === undefined || old === liveness || word === "unknown") return [];
    const mark = LIVENESS_MARKS[word] ?? "unknown";
    return [{ atMs, text: `shard ${shard?.shardId} is ${word}`, mark }];
  });
  return few(events, "shards changed");
}

function driftEvents(
  before: readonly ClusterView[],
  after: readonly ClusterView[],
  atMs: number,
): FleetEvent[] {
  const driftingBefore = new Map(
    before.filter((view) => hasDrift(view.drift)).map((view) => [view.clusterId, view.drift]),
  );
  const appeared: FleetEvent[] = [];
  const here = new Set<string>();
  for (const { clusterId, drift } of after) {
    if (!hasDrift(drift)) continue;
    here.add(clusterId);
    if (driftingBefore.get(clusterId) === drift) continue;
    const { text, mark } = driftCell(drift);
    appeared.push({ atMs, text: `cluster ${clusterId} drifts: ${text}`, mark });
  }
  const gone = [...driftingBefore.keys()].filter((id) => !here.has(id));
  const settled = gone.map(
    (id): FleetEvent => ({ atMs, text: `cluster ${id} no longer drifts`, mark: "good" }),
  );
  return [...few(appeared, "clusters drift"), ...few(settled, "clusters no longer drift")];
}

function few(events: FleetEvent[], rest: string): FleetEvent[] {
  const [first] = events;
  if (first === undefined || events.length <= LINES_MAX) return events;
  const more = events.length - LINES_MAX + 1;
  return [...events.slice(0, LINES_MAX - 1), { ...first, text: `and ${more} more ${rest}` }];
}

/** `oldMax`: how many are shown of what was there before the first look. */
export function auditEvents(entries: readonly AuditEntry[], auditIndex: number, oldMax = OLD_ENTRIES) {
  const news = entries.filter(({ index }) => index > auditIndex);
  const shown = auditIndex === 0 ? news.slice(-oldMax) : news;
  const events = shown.map(({ atMs, what, actor }): FleetEvent => {
    const who = actor === "" ? "" : ` (${actor.replace(/^fleet:\/\//, "")})`;
    return { atMs, text: `${what}${who}`, mark: "unknown" };
  });
  return { events, auditIndex: Math.max(auditIndex, ...news.map(({ index }) => index)) };
}
