// The natural order is worked out once for names that stay: what changes is still seen.
import { expect, test } from "vitest";
import { Binding } from "../../../../../src/core/wire/gen/fleet/v1/command.ts";
import { Drift } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import { observe } from "../../../../../src/ui/model/top/observe.ts";
import { initialTopState, type TopState } from "../../../../../src/ui/model/top/state.ts";
import { rowsOf } from "../../../../../src/ui/model/top/view-list.ts";
import { clustersReply, clusterView, listed } from "../fixtures.ts";

const heard = (state: TopState, ...clusters: Parameters<typeof clustersReply>): TopState =>
  observe(state, listed("clusters", clustersReply(...clusters)));
const names = (state: TopState): string[] => {
  const list = rowsOf(state, "clusters");
  return Array.from({ length: list.count }, (_, at) => list.nameAt(at));
};

test("from answer to answer: the same names, another drift, another name, fewer, none", () => {
  const first = heard(initialTopState(0), clusterView("c10"), clusterView("c2"), clusterView("c1"));
  expect(names(first)).toEqual(["c1", "c2", "c10"]);
  const drifting = heard(first, clusterView("c10", Drift.DOUBLE), clusterView("c2"), clusterView("c1"));
  expect(names(drifting)).toEqual(["c10", "c1", "c2"]);
  expect(rowsOf(drifting, "clusters").cellsAt(0)[3]).toMatchObject({ text: "double" });
  const renamed = heard(drifting, clusterView("c10"), clusterView("c2"), clusterView("c0"));
  expect(names(renamed)).toEqual(["c0", "c2", "c10"]);
  expect(names(heard(renamed, clusterView("c10"), clusterView("c2")))).toEqual(["c2", "c10"]);
  expect(names(heard(renamed))).toEqual([]);
  expect(names(heard(first, clusterView("c1"), clusterView("c2"), clusterView("c10")))).toEqual([
    "c1",
    "c2",
    "c10",
  ]);
});

test("a filter takes labels as pairs: whole values only, with = and !=", () => {
  const [one, other] = [clusterView("c1"), clusterView("c2")];
  const binding = (clusterId: string, team: string) =>
    Binding.fromPartial({ clusterId, shardId: "s1", labels: { entries: { team, tier: "Web" } } });
  const state = heard(
    initialTopState(0),
    { ...one, declared: binding("c1", "a") },
    { ...other, declared: binding("c2", "ab") },
    clusterView("c3"),
  );
  const shown = (filter: string) =>
    names({ ...state, views: { ...state.views, clusters: { ...state.views.clusters, filter } } });
  expect(shown("team=a")).toEqual(["c1"]);
  expect(shown("team!=a")).toEqual(["c2", "c3"]);
  expect(shown("team=ab tier=web")).toEqual(["c2"]);
  expect(shown("cluster=c3")).toEqual(["c3"]);
});
