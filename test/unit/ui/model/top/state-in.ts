// States of the dashboard after events and keys, and short names for what tests look at in them.

import { Drift } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import { act } from "../../../../../src/ui/model/top/actions.ts";
import type { Action } from "../../../../../src/ui/model/top/keys.ts";
import { observe } from "../../../../../src/ui/model/top/observe.ts";
import { type DataEvent, initialTopState, type TopState } from "../../../../../src/ui/model/top/state.ts";
import { rowsOf } from "../../../../../src/ui/model/top/view-list.ts";
import type { TableView } from "../../../../../src/ui/model/top/views.ts";
import { clustersReply, clusterView, fleetReply, listed, upNode } from "../fixtures.ts";

export type Tick = { readonly kind: "tick"; readonly atMs: number; readonly wallMs: number };

export const tick = (atMs: number): Tick => ({ kind: "tick", atMs, wallMs: 1_000_000 + atMs });
export const stateAfter = (...events: (DataEvent | Tick)[]): TopState =>
  events.reduce(observe, initialTopState(0));
export const keys = (state: TopState, ...actions: Action[]): TopState => actions.reduce(act, state);
export const heard = (atMs: number, ...nodes: Parameters<typeof fleetReply>[0]): DataEvent => ({
  kind: "fleet",
  atMs,
  reply: fleetReply(nodes.map((node) => ({ ...node, observedAtMs: atMs }))),
});
export const commitAt = (atMs: number, commitIndex: number): DataEvent =>
  heard(atMs, upNode(1, { commitIndex }));
export const clusters = listed(
  "clusters",
  clustersReply(
    clusterView("c10"),
    clusterView("c2", Drift.ABSENT),
    clusterView("c1"),
    clusterView("c3", Drift.DOUBLE),
  ),
);
export const front = (state: TopState, view: TableView): TopState => act(state, { kind: "show-view", view });
export const names = (state: TopState, view: TableView): string[] => {
  const list = rowsOf(state, view);
  return Array.from({ length: list.count }, (_, at) => list.nameAt(at));
};
export const typing = (text: string): Action[] => [
  { kind: "begin-filter" },
  ...[...text].map((letter): Action => ({ kind: "type", text: letter })),
];
export const texts = (state: TopState) => state.events.map(({ text }) => text);
