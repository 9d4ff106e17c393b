// Everything the dashboard knows, and how it changes: one event in, one state out. What must stay true: every value keeps the
// moment at which it was heard, so that each can say its age; while paused the data stands still and keys work.

import type { FleetStatus, NodeObservation } from "../../../client/fleet-status.ts";
import type { NodeStatus } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { pushSample } from "../ring.ts";
import { eventsOfFleet, eventsOfList, type FleetEvent, keepEvents } from "./events.ts";
import type { Action } from "./keys.ts";
import type { ListEvent, Lists } from "./lists.ts";
import { VIEWS, type ViewName } from "./views.ts";

/** A value and the moment it was heard, by the monotonic clock. */
interface Sample<Value> {
  readonly value: Value;
  readonly atMs: number;
}

export interface NodeSight {
  readonly reply: NodeObservation;
  readonly lastGood: Sample<NodeStatus> | null;
}

export interface ViewState {
  /** The name of the row under the cursor; null = the first. */
  readonly cursor: string | null;
  /** Position of the column that orders the rows; null is the view's own order. */
  readonly sortColumn: number | null;
  readonly reversed: boolean;
  readonly filter: string;
  /** The row that is open, by its name; null = the list. */
  readonly open: string | null;
  /** How far an open row, or the overview, is scrolled. */
  readonly scroll: number;
}

/** What is typed below the picture. */
interface Prompt {
  readonly kind: "filter" | "view";
  readonly text: string;
}

/** A second's numbers; null = not known then. */
export interface Measured {
  readonly commitsPerSecond: number | null;
  readonly commitP99Ms: number | null;
  readonly lagMs: number | null;
}

export interface TopState {
  readonly nowMs: number;
  /** The wall clock beside it, for showing only. */
  readonly wallMs: number;
  readonly running: "yes" | "quit" | "interrupted";
  readonly paused: boolean;
  readonly help: boolean;
  readonly view: ViewName;
  readonly views: Readonly<Record<ViewName, ViewState>>;
  readonly prompt: Prompt | null;
  /** Something that was just done, shown for a moment. */
  readonly notice: Sample<string> | null;
  readonly fleet: Sample<FleetStatus> | null;
  readonly nodes: readonly NodeSight[];
  readonly lists: { readonly [Name in keyof Lists]?: Sample<Lists[Name]> };
  /** Why the last attempt at a list failed. */
  readonly problems: { readonly [Name in keyof Lists]?: string };
  /** A sample a second, the oldest first. */
  readonly measured: readonly Measured[];
  /** By node, its slowest syncs, a sample a second. */
  readonly syncs: Readonly<Record<string, readonly (number | null)[]>>;
  readonly measuredAtMs: number | null;
  /** The commit index that the next rate is measured from. */
  readonly commitMark: Sample<number> | null;
  readonly events: readonly FleetEvent[];
  /** The newest audit entry that was told as an event. */
  readonly auditIndex: number;
  /** What a command line needs to mean this fleet, for example "--context prod". */
  readonly targetWords: string;
  /** A recording is played: where, how far, how fast. */
  readonly playing: Playing | null;
}

export interface Playing {
  readonly atMs: number;
  readonly lengthMs: number;
  readonly speed: number;
}

export type DataEvent =
  | { readonly kind: "fleet"; readonly atMs: number; readonly reply: FleetStatus }
  | ListEvent
  | { readonly kind: "problem"; readonly name: keyof Lists; readonly atMs: number; readonly message: string };

export type TopEvent =
  | DataEvent
  | { readonly kind: "tick"; readonly atMs: number; readonly wallMs: number }
  | { readonly kind: "playing"; readonly playing: Playing }
  | { readonly kind: "notice"; readonly text: string }
  | { readonly kind: "action"; readonly action: Action };

/** How many seconds of history are kept: what the charts show. */
export const HISTORY_SECONDS = 600;
const MEASURE_EVERY_MS = 1_000;
const NOTICE_MS = 4_000;

const freshView: ViewState = {
  ...{ cursor: null, sortColumn: null, reversed: false, filter: "", open: null, scroll: 0 },
};

export function initialTopState(nowMs: number, wallMs = 0, targetWords = ""): TopState {
  const views = Object.fromEntries(VIEWS.map((view) => [view, freshView])) as Record<ViewName, ViewState>;
  return {
    ...{ nowMs, wallMs, running: "yes", paused: false, help: false, view: "overview", views },
    ...{ prompt: null, notice: null, fleet: null, nodes: [], lists: {}, problems: {} },
    ...{ measured: [], syncs: {}, measuredAtMs: null, commitMark: null, events: [], auditIndex: 0 },
    ...{ targetWords, playing: null },
  };
}

/** The state after data or the clock. Actions are reduced by `act`, which also needs to know the rows. */
export function observe(state: TopState, event: Exclude<TopEvent, { kind: "action" }>): TopState {
  if (event.kind === "notice") return { ...state, notice: { value: event.text, atMs: state.nowMs } };
  if (event.kind === "playing") return { ...state, playing: event.playing };
  if (state.paused) return state;
  switch (event.kind) {
    case "fleet":
      return withFleet(state, { value: event.reply, atMs: event.atMs });
    case "list":
      return withList(state, event);
    case "problem":
      return { ...state, problems: { ...state.problems, [event.name]: event.message } };
    case "tick":
      return measure(withoutOldNotice({ ...state, nowMs: event.atMs, wallMs: event.wallMs }));
  }
}

function withoutOldNotice(state: TopState): TopState {
  const { notice, nowMs } = state;
  return notice !== null && nowMs - notice.atMs > NOTICE_MS ? { ...state, notice: null } : state;
}

function withList(state: TopState, event: ListEvent): TopState {
  const { [event.name]: _, ...problems } = state.problems;
  const { events, auditIndex } = eventsOfList(state, event);
  return {
    ...state,
    problems,
    auditIndex,
    events: keepEvents(state.events, events),
    lists: { ...state.lists, [event.name]: { value: event.reply, atMs: event.atMs } },
  };
}

function withFleet(state: TopState, fleet: Sample<FleetStatus>): TopState {
  const { nodes } = fleet.value;
  const seen = nodes.map((reply) => sightOf(reply, findSight(state.nodes, reply.address), fleet.atMs));
  // Members are learned from nodes that answer. When none does, those known before are still there, and down.
  const forgotten = nodes.some((reply) => reply.reachable)
    ? []
    : state.nodes
        .filter((sight) => !nodes.some((reply) => reply.address === sight.reply.address))
        .map(silent);
  const sights = [...seen, ...forgotten].toSorted((a, b) => (a.reply.name < b.reply.name ? -1 : 1));
  const next = { ...state, fleet, nodes: sights };
  return { ...next, events: keepEvents(state.events, eventsOfFleet(state, next)) };
}

function findSight(sights: readonly NodeSight[], address: string): NodeSight | undefined {
  return sights.find((sight) => sight.reply.address === address);
}

function sightOf(reply: NodeObservation, before: NodeSight | undefined, atMs: number): NodeSight {
  const { status } = reply;
  // A look at one node repeats what the others answered before.
  const isNews = status !== null && status !== before?.lastGood?.value;
  const lastGood = isNews ? { value: status, atMs } : (before?.lastGood ?? null);
  return { reply: named(reply, before), lastGood };
}

function silent({ reply, lastGood }: NodeSight): NodeSight {
  return {
    reply: { ...reply, reachable: false, status: null, roundTripMs: null, lag: null, hashAt: null },
    lastGood,
  };
}

// A node that does not answer cannot tell its name; it keeps the one it gave before.
function named(reply: NodeObservation, before: NodeSight | undefined): NodeObservation {
  if (reply.reachable || before === undefined) return reply;
  return { ...reply, name: before.reply.name, nodeId: before.reply.nodeId };
}

/** The status of the node that leads for a quorum, when it answers. */
export function leaderStatus({ fleet, nodes }: Pick<TopState, "fleet" | "nodes">): NodeStatus | null {
  const leader = fleet?.value.leader ?? null;
  return leader === null ? null : (nodes.find(({ reply }) => reply.nodeId === leader)?.reply.status ?? null);
}

function measure(state: TopState): TopState {
  const { nowMs, measuredAtMs } = state;
  if (state.fleet === null) return state;
  if (measuredAtMs !== null && nowMs - measuredAtMs < MEASURE_EVERY_MS) return state;
  const { rate, mark } = commitRate(state);
  const vitals = leaderStatus(state)?.vitals;
  const lags = leaderStatus(state)?.followers.map(({ lagMs }) => lagMs ?? 0) ?? [];
  const measured: Measured = {
    commitsPerSecond: rate,
    commitP99Ms: vitals?.commitP99Ms ?? null,
    lagMs: lags.length === 0 ? null : Math.max(...lags),
  };
  return {
    ...state,
    measuredAtMs: nowMs,
    commitMark: mark,
    measured: pushSample(state.measured, measured, HISTORY_SECONDS),
    syncs: Object.fromEntries(state.nodes.map((sight) => [sight.reply.name, withSync(state, sight)])),
  };
}

function withSync(state: TopState, { reply }: NodeSight): readonly (number | null)[] {
  const { p99Ms, underWayMs = 0 } = reply.status?.syncs ?? {};
  const sample = reply.status === null ? null : Math.max(p99Ms ?? 0, underWayMs);
  return pushSample(state.syncs[reply.name] ?? [], sample, HISTORY_SECONDS);
}

function commitRate({ nodes, commitMark: mark, nowMs }: TopState) {
  const commit = Math.max(0, ...nodes.map((sight) => sight.lastGood?.value.commitIndex ?? 0));
  if (commit === 0) return { rate: null, mark };
  const next = { value: Math.max(commit, mark?.value ?? 0), atMs: nowMs };
  if (mark === null || nowMs <= mark.atMs) return { rate: null, mark: next };
  // A dead leader's last commit index may be ahead of what the survivors have told so far: not a negative rate.
  return { rate: Math.max(0, ((commit - mark.value) * 1_000) / (nowMs - mark.atMs)), mark: next };
}
