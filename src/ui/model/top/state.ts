// Everything the dashboard knows. What must stay true: every value keeps the moment at which it was heard, so that each can say
// its age. How it changes: observe.ts by data and the clock, actions.ts by keys.

import type { FleetStatus, NodeObservation } from "../../../client/fleet-status.ts";
import type { FollowerProgress, NodeStatus } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Mark } from "../table.ts";
import type { ChangeDialog, ChangeNews, Writing } from "./change.ts";
import type { Action } from "./keys.ts";
import type { ListEvent, Lists } from "./lists.ts";
import { VIEWS, type ViewName } from "./views.ts";

/** A value and the moment it was heard, by the monotonic clock. */
export interface Sample<Value> {
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

/** The text that is being typed below the frame. */
interface Prompt {
  readonly kind: "filter" | "view" | "shard" | "labels";
  readonly text: string;
}

/** Something that happened, by the wall clock. */
export interface FleetEvent {
  readonly atMs: number;
  readonly text: string;
  readonly mark: Mark;
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
  /** The newest audit entry that was shown as an event. */
  readonly auditIndex: number;
  /** The part of a command line that names this fleet, for example "--context prod". */
  readonly targetWords: string;
  /** Null: nothing can be changed from here (--write). */
  readonly writing: Writing | null;
  /** Clusters to be moved together. */
  readonly marked: readonly string[];
  /** The change that is proposed, made, or was made last and is not closed yet. */
  readonly change: ChangeDialog | null;
  /** How many were proposed. */
  readonly changes: number;
  /** A recording is played: where, how far, how fast. */
  readonly playing: Playing | null;
}

export interface Playing {
  readonly atMs: number;
  readonly lengthMs: number;
  readonly speed: number;
  /** The file ends early: what came after its end is not known. */
  readonly isCut: boolean;
}

/** Said where nothing was heard yet. A recording asks no fleet. */
export const unheardText = ({ playing }: Pick<TopState, "playing">): string =>
  playing === null ? "asking" : "not recorded";

export type DataEvent =
  | { readonly kind: "fleet"; readonly atMs: number; readonly reply: FleetStatus }
  | ListEvent
  | { readonly kind: "problem"; readonly name: keyof Lists; readonly atMs: number; readonly message: string };

export type TopEvent =
  | DataEvent
  | { readonly kind: "tick"; readonly atMs: number; readonly wallMs: number }
  | { readonly kind: "notice"; readonly text: string }
  | { readonly kind: "change"; readonly id: number; readonly news: ChangeNews }
  | { readonly kind: "action"; readonly action: Action };

/** How many seconds of history are kept: what the charts show. */
export const HISTORY_SECONDS = 600;

const freshView: ViewState = {
  ...{ cursor: null, sortColumn: null, reversed: false, filter: "", open: null, scroll: 0 },
};

export function initialTopState(nowMs: number, wallMs = 0, targetWords = ""): TopState {
  const views = Object.fromEntries(VIEWS.map((view) => [view, freshView])) as Record<ViewName, ViewState>;
  return {
    ...{ nowMs, wallMs, running: "yes", paused: false, help: false, view: "overview", views },
    ...{ prompt: null, notice: null, fleet: null, nodes: [], lists: {}, problems: {} },
    ...{ measured: [], syncs: {}, measuredAtMs: null, commitMark: null, events: [], auditIndex: 0 },
    ...{ targetWords, playing: null, writing: null, marked: [], change: null, changes: 0 },
  };
}

/**
 * How long a follower lags. Null when the leader does not know yet what the follower holds, because it has not heard it
 * in its term. Index 0 is then a starting value and no finding.
 */
export function lagMsOf({ matchIndex, lagMs }: FollowerProgress): number | null {
  return matchIndex === 0 ? null : lagMs;
}

/** On etcd no leader sends its log to others. */
export const followersOf = ({ etcdEngine, followers }: NodeStatus): readonly FollowerProgress[] =>
  etcdEngine === undefined ? followers : [];

/** The status of the node that leads for a quorum, when it answers. */
export function leaderStatus({ fleet, nodes }: Pick<TopState, "fleet" | "nodes">): NodeStatus | null {
  const leader = fleet?.value.leader ?? null;
  return leader === null ? null : (nodes.find(({ reply }) => reply.nodeId === leader)?.reply.status ?? null);
}
