// The dashboard's whole state, and how it changes: one event in, one state out. Nodes keep their last good
// answer with its time, so that a dead node still shows its last values, marked as old. While paused the data
// stay unchanged; keys still work.

import type { Listed } from "../../client/all-pages.ts";
import type { FleetStatus, NodeObservation } from "../../client/fleet-status.ts";
import type {
  ListClustersResponse,
  ListShardsResponse,
  NodeStatus,
} from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Action, Pane } from "./keys.ts";
import { pushSample } from "./ring.ts";

/** A value and the time of its arrival, by the monotonic clock. */
interface Sample<Value> {
  readonly value: Value;
  readonly atMs: number;
}

export interface NodeSight {
  readonly reply: NodeObservation;
  readonly lastGood: Sample<NodeStatus> | null;
}

export interface PaneState {
  readonly cursor: number;
  /** Position of the column that orders the rows; `null` is the pane's own order. */
  readonly sortColumn: number | null;
  readonly reversed: boolean;
}

export interface TopState {
  readonly nowMs: number;
  readonly running: "yes" | "quit" | "interrupted";
  readonly paused: boolean;
  readonly help: boolean;
  readonly pane: Pane;
  readonly panes: Readonly<Record<Pane, PaneState>>;
  readonly driftOnly: boolean;
  readonly filter: string;
  readonly typing: boolean;
  readonly fleet: Sample<FleetStatus> | null;
  readonly nodes: readonly NodeSight[];
  readonly shards: Sample<Listed<ListShardsResponse>> | null;
  readonly clusters: Sample<Listed<ListClustersResponse>> | null;
  /** Why the last attempt at shards or clusters failed. */
  readonly problem: string | null;
  /** Entries committed a second, the oldest first. */
  readonly commitRates: readonly number[];
  /** The commit index from which the next rate is measured. */
  readonly commitMark: Sample<number> | null;
}

export type DataEvent =
  | { readonly kind: "fleet"; readonly atMs: number; readonly reply: FleetStatus }
  | { readonly kind: "shards"; readonly atMs: number; readonly reply: Listed<ListShardsResponse> }
  | { readonly kind: "clusters"; readonly atMs: number; readonly reply: Listed<ListClustersResponse> }
  | { readonly kind: "problem"; readonly atMs: number; readonly message: string };

export type TopEvent =
  | DataEvent
  | { readonly kind: "tick"; readonly atMs: number }
  | { readonly kind: "action"; readonly action: Action };

/** How many seconds of commit rate are kept. */
export const RATE_SAMPLES_MAX = 240;
const RATE_EVERY_MS = 1000;

const freshPane: PaneState = { cursor: 0, sortColumn: null, reversed: false };

export function initialTopState(nowMs: number): TopState {
  return {
    nowMs,
    running: "yes",
    paused: false,
    help: false,
    pane: "nodes",
    panes: { nodes: freshPane, shards: freshPane, bindings: freshPane },
    driftOnly: false,
    filter: "",
    typing: false,
    fleet: null,
    nodes: [],
    shards: null,
    clusters: null,
    problem: null,
    commitRates: [],
    commitMark: null,
  };
}

/** The state after new data or a clock tick. `act` handles actions, because it also needs the rows. */
export function observe(state: TopState, event: Exclude<TopEvent, { kind: "action" }>): TopState {
  if (state.paused) return state;
  switch (event.kind) {
    case "fleet":
      return withFleet(state, { value: event.reply, atMs: event.atMs });
    case "shards":
      return { ...state, shards: { value: event.reply, atMs: event.atMs }, problem: null };
    case "clusters":
      return { ...state, clusters: { value: event.reply, atMs: event.atMs }, problem: null };
    case "problem":
      return { ...state, problem: event.message };
    case "tick":
      return measureRate({ ...state, nowMs: event.atMs });
  }
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
  return { ...state, fleet, nodes: sights };
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

function measureRate(state: TopState): TopState {
  const commit = Math.max(0, ...state.nodes.map((sight) => sight.lastGood?.value.commitIndex ?? 0));
  if (commit === 0) return state;
  const mark = state.commitMark;
  if (mark === null) return { ...state, commitMark: { value: commit, atMs: state.nowMs } };
  const elapsedMs = state.nowMs - mark.atMs;
  if (elapsedMs < RATE_EVERY_MS) return state;
  // A dead leader's last commit index may be above the survivors' present ones: the rate must not be
  // negative.
  const rate = Math.max(0, ((commit - mark.value) * 1000) / elapsedMs);
  return {
    ...state,
    commitRates: pushSample(state.commitRates, rate, RATE_SAMPLES_MAX),
    commitMark: { value: Math.max(commit, mark.value), atMs: state.nowMs },
  };
}
