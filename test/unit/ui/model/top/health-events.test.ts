// What the dashboard says of the fleet's health, and which events it lists.

import { describe, expect, test } from "vitest";
import { Vitals } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Drift, ReignEnd, ShardLiveness } from "../../../../../src/core/wire/gen/fleet/v1/views.ts";
import { problems, verdictOf } from "../../../../../src/ui/model/top/health.ts";
import type { DataEvent } from "../../../../../src/ui/model/top/state.ts";
import {
  auditReply,
  clustersReply,
  clusterView,
  downNode,
  listed,
  shardsReply,
  shardView,
  upNode,
} from "../fixtures.ts";
import { clusters, heard, stateAfter, type Tick, texts, tick } from "./state-in.ts";

describe("health", () => {
  const fine = [heard(0, upNode(1), upNode(2), upNode(3)), tick(0)];
  const none = listed("clusters", clustersReply());
  const shards = (...liveness: ShardLiveness[]) =>
    listed("shards", shardsReply(...liveness.map((word, at) => shardView(`s${at}`, { liveness: word }))));
  const alive = shards(ShardLiveness.ALIVE);
  const unheard = listed(
    "shards",
    shardsReply(shardView("s1", { observed: undefined, liveness: ShardLiveness.UNKNOWN })),
  );

  test.each<{ events: (DataEvent | Tick)[]; verdict: string | null; says: string; why: string }>([
    { events: [], verdict: null, says: "", why: "nothing was heard" },
    { events: [...fine, alive, none], verdict: "healthy", says: "", why: "" },
    {
      events: [...fine, none, shards(ShardLiveness.ALIVE, ShardLiveness.DEAD, ShardLiveness.DEAD)],
      verdict: "degraded",
      says: "of 3 shards, 2 dead: see fleet shard list",
      why: "the data plane counts",
    },
    {
      events: [
        ...fine,
        alive,
        listed("clusters", clustersReply(clusterView("a"), clusterView("b", Drift.UNKNOWN))),
      ],
      verdict: "degraded",
      says: "nothing is known of 1 of 2 clusters (50%): no shard reports them",
      why: "half of the bindings unknown is not green",
    },
    {
      events: [...fine, unheard, listed("clusters", clustersReply(clusterView("a", Drift.UNKNOWN)))],
      verdict: "healthy",
      says: "of 1 shard, 1 not heard by this leader yet",
      why: "a new leader that has yet to hear its shards knows little: that alone is no fault",
    },
    {
      events: [...fine, alive, clusters],
      verdict: "degraded",
      says: "of 4 clusters, 1 served twice, 1 not served: see fleet cluster list --drift",
      why: "",
    },
    {
      events: [heard(0, upNode(1), downNode(2))],
      verdict: "degraded",
      says: "n2 (127.0.0.1:7002) is down: connection refused",
      why: "",
    },
  ])("$verdict: $says $why", ({ events, verdict, says }) => {
    const state = stateAfter(...events);
    expect(verdictOf(state)).toBe(verdict);
    const lines = problems(state).map(({ text }) => text);
    if (says === "") expect(lines).toEqual([]);
    else expect(lines).toContain(says);
  });
});

describe("events", () => {
  const led = (atMs: number, ...reigns: Vitals["reigns"]) =>
    heard(atMs, upNode(1, { vitals: Vitals.fromPartial({ reigns }) }), upNode(2), upNode(3));

  test("a new leader, and why the one before it ended", () => {
    const first = { leaderId: 1, term: 3, fromAgeMs: 60_000, ended: ReignEnd.UNSPECIFIED };
    const over = { ...first, fromAgeMs: 61_000, untilAgeMs: 900, ended: ReignEnd.HANDED_OVER };
    const next = { leaderId: 2, term: 4, fromAgeMs: 700, ended: ReignEnd.UNSPECIFIED };
    const state = stateAfter(led(0, first), tick(0), tick(1000), led(1000, over, next));
    expect(texts(state)).toEqual(["n2 leads term 4", "n1 led term 3 for 1m00s: it handed over"]);
  });

  test("a node that goes and comes back, a shard that falls silent, drift that appears and goes", () => {
    const before = [
      heard(0, upNode(1), upNode(2)),
      listed("shards", shardsReply(shardView("s1"))),
      clusters,
      tick(0),
    ];
    const state = stateAfter(
      ...before,
      heard(1, upNode(1), downNode(2)),
      heard(2, upNode(1), upNode(2)),
      listed("shards", shardsReply(shardView("s1", { liveness: ShardLiveness.SUSPECT }))),
      listed(
        "clusters",
        clustersReply(clusterView("c2"), clusterView("c3", Drift.DOUBLE), clusterView("c9", Drift.ELSEWHERE)),
      ),
    );
    expect(texts(state).toSorted()).toEqual([
      "cluster c2 no longer drifts",
      "cluster c9 drifts: elsewhere",
      "n2 is back",
      "n2 is down: connection refused",
      "shard s1 is suspect",
    ]);
  });

  test("many at once take few lines", () => {
    const many = Array.from({ length: 500 }, (_, at) => clusterView(`c${at}`, Drift.ABSENT));
    const state = stateAfter(listed("clusters", clustersReply()), listed("clusters", clustersReply(...many)));
    expect(texts(state)).toHaveLength(5);
    expect(texts(state)).toContain("and 496 more clusters drift");
  });

  test("audit entries are told once, and few of what was before", () => {
    const entries = (from: number, to: number) =>
      listed(
        "audit",
        auditReply(
          ...Array.from({ length: to - from + 1 }, (_, at) => ({
            index: from + at,
            what: `change ${from + at}`,
          })),
        ),
      );
    const state = stateAfter(entries(1, 100));
    expect(state.events).toHaveLength(20);
    const later = stateAfter(entries(1, 100), entries(50, 102));
    expect(later.events).toHaveLength(22);
  });
});
