// A fleet with one dead node, two shards, twenty clusters of which one is served elsewhere, and some writes.
import { Drift } from "../../src/core/wire/gen/fleet/v1/views.ts";
import type { TopStore } from "../../src/ui/top-store.ts";
import {
  clustersReply,
  clusterView,
  downNode,
  fleetReply,
  listed,
  shardsReply,
  shardView,
  upNode,
} from "../unit/ui/model/fixtures.ts";

const CLUSTERS = Array.from({ length: 20 }, (_, at) =>
  clusterView(`cluster-${String(at).padStart(2, "0")}`, at === 7 ? Drift.ELSEWHERE : Drift.NONE),
);

export function feedBusyFleet({ dispatch }: TopStore): void {
  dispatch(listed("shards", shardsReply(shardView("s1"), shardView("s2"))));
  dispatch(listed("clusters", clustersReply(...CLUSTERS)));
  const third = [upNode(3), upNode(3, {}, 1000), downNode(3), downNode(3)];
  for (const [second, node] of third.entries()) {
    const commitIndex = 100 + 10 * second * second;
    const nodes = [upNode(1, { commitIndex }), upNode(2, { commitIndex }), node];
    dispatch({ kind: "fleet", atMs: 1000 * second, reply: fleetReply(nodes) });
    dispatch({ kind: "tick", atMs: 1000 * second, wallMs: 1_700_000_200_000 + 1000 * second });
  }
}
