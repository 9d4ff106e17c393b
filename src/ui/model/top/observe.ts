// How the dashboard's state changes by data and by the clock: one event in, one state out. What must stay true: while paused the
// data stands still.

import type { FleetStatus, NodeObservation } from "../../../client/fleet-status.ts";
import { pushSample } from "../ring.ts";
import { heardOfChange } from "./change-state.ts";
import { eventsOfFleet, eventsOfList, keepEvents } from "./events.ts";
import type { ListEvent } from "./lists.ts";
import {
  followersOf,
  HISTORY_SECONDS,
  initialTopState,
  lagMsOf,
  leaderStatus,
  type Measured,
  type NodeSight,
  type Sample,
  type TopEvent,
  type TopState,
} from "./state.ts";

const MEASURE_EVERY_MS = 1_000;
const NOTICE_MS = 4_000;

/** The state after data or the clock. Actions are reduced by `act`, which also needs to know the rows. */
export function observe(state: TopState, event: Exclude<TopEvent, { kind: "action" }>): TopState {
  if (event.kind === "notice") return { ...state, notice: { value: event.text, atMs: state.nowMs } };
  if (event.kind === "change") return heardOfChange(state, event.id, event.news);
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

/** The state as it was before anything was heard, with what the operator chose: for a recording that is played from elsewhere. */
export function rewound(state: TopState, nowMs: number): TopState {
  const { view, views, prompt, help, running, notice, targetWords } = state;
  return { ...initialTopState(nowMs), view, views, prompt, help, running, notice, targetWords };
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
  // Members are learned from answering nodes. When none answers, those known before are still shown as down.
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
  // A poll of one node repeats the others' earlier answers.
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

// A node that does not answer can't give its name; it keeps its earlier one.
function named(reply: NodeObservation, before: NodeSight | undefined): NodeObservation {
  if (reply.reachable || before === undefined) return reply;
  return { ...reply, name: before.reply.name, nodeId: before.reply.nodeId };
}

function measure(state: TopState): TopState {
  const { nowMs, measuredAtMs } = state;
  if (state.fleet === null) return state;
  if (measuredAtMs !== null && nowMs - measuredAtMs < MEASURE_EVERY_MS) return state;
  const { rate, mark } = commitRate(state);
  const leader = leaderStatus(state);
  const vitals = leader?.vitals;
  const followers = leader === null ? [] : followersOf(leader);
  const lags = followers.flatMap((follower) => lagMsOf(follower) ?? []);
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
  // A dead leader's last commit index may be above the survivors' present ones: the rate must not be
  // negative.
  return { rate: Math.max(0, ((commit - mark.value) * 1_000) / (nowMs - mark.atMs)), mark: next };
}
