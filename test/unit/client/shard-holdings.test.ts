// What remains at a shard, from the lists of a fleet.

import { expect, test } from "vitest";
import type { Listed } from "../../../src/client/all-pages.ts";
import { holdingsOf, waitUntilEmpty } from "../../../src/client/shard-holdings.ts";
import { InstructionKind } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import {
  type ClusterView,
  ListInstructionsResponse,
  type ShardView,
} from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Drift, ShardLiveness } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { clustersReply, clusterView, shardsReply, shardView } from "../ui/model/fixtures.ts";

function listsOf(shard: ShardView, ...clusters: ClusterView[]): Parameters<typeof holdingsOf>[0] {
  const { stamp } = clustersReply();
  const rest = <Rows>(rows: Rows): Promise<Listed<Rows & { stamp: typeof stamp; nextPageToken: string }>> =>
    Promise.resolve({ ...rows, stamp, nextPageToken: "", more: false });
  return {
    listShards: () => Promise.resolve(shardsReply(shard)),
    listClusters: () => Promise.resolve(clustersReply(...clusters)),
    listDomains: () => rest({ domains: [] }),
    listQuotas: () => rest({ quotas: [] }),
    listInstructions: () => rest({ instructions: [] }),
  };
}

const seenAt = (shardId: string, differs: Partial<ClusterView["observed"][number]> = {}) => ({
  ...{ shardId, session: true, bound: true, ageMs: 900, doubleDial: undefined, late: false },
  ...differs,
});
const stranger = (differs: Partial<ClusterView["observed"][number]> = {}) =>
  clusterView("y1", Drift.ELSEWHERE, { declared: undefined, observed: [seenAt("sy", differs)] });

test.each([
  { cluster: stranger(), remains: ["y1"], why: "it is served, declared nowhere" },
  { cluster: stranger({ session: false }), remains: ["y1"], why: "its binding is held" },
  { cluster: stranger({ late: true }), remains: ["y1"], why: "silence is no release" },
  {
    cluster: stranger({ late: true }),
    liveness: ShardLiveness.SUSPECT,
    remains: ["y1"],
    why: "a suspect shard may serve what it served",
  },
  {
    cluster: stranger({ late: true }),
    liveness: ShardLiveness.DEAD,
    remains: [],
    why: "a dead shard is not waited for",
  },
  {
    cluster: clusterView("y1", Drift.ELSEWHERE, { observed: [seenAt("sy")] }),
    remains: ["y1"],
    why: "declared to another shard",
  },
])("$remains remain: $why", async ({ cluster, remains, liveness = ShardLiveness.ALIVE }) => {
  const lists = listsOf(shardView("sy", { liveness }), cluster);
  expect((await holdingsOf(lists, "sy")).undeclared).toEqual(remains);
});

test("what is declared to it is not counted twice", async () => {
  const { clusters, undeclared } = await holdingsOf(listsOf(shardView("s1"), clusterView("c1")), "s1");
  expect({ clusters, undeclared }).toEqual({ clusters: ["c1"], undeclared: [] });
});

test.each([
  { shard: shardView("sy"), clusters: [stranger()], words: "1 cluster that is not declared to it" },
  {
    shard: shardView("sy", { liveness: ShardLiveness.UNKNOWN }),
    clusters: [],
    words: "what it has not reported yet: unknown (rebuilding)",
  },
  {
    shard: shardView("sy", { liveness: ShardLiveness.SUSPECT }),
    clusters: [],
    words: "what it serves since its last report: unknown (suspect)",
  },
])("a drain does not end while the shard has $words", async ({ shard, clusters, words }) => {
  const heard: string[] = [];
  const waiting = waitUntilEmpty(listsOf(shard, ...clusters), "sy", 0, (change) => heard.push(change));
  const parts = { next: expect.stringContaining("Those without an agent: fleet cluster bind") };
  await expect(waiting).rejects.toMatchObject({ code: "SHARD_STILL_IN_USE", parts });
  expect(heard).toEqual([words]);
});

test("a drain ends when nothing remains", async () => {
  await waitUntilEmpty(listsOf(shardView("sy")), "sy", 0, () => undefined);
});

/** A fleet whose shard s1 must release rack=z, which it has yet to accept at the first `looks` looks. */
function releasing(looks: number) {
  let left = looks;
  const release = { shardId: "s1", key: "rack", value: "z", kind: InstructionKind.UNASSIGN_DOMAIN };
  return {
    ...listsOf(shardView("s1")),
    listInstructions: async () => {
      const instructions = left > 0 ? [release] : [];
      left -= 1;
      return { ...ListInstructionsResponse.fromPartial({ instructions }), more: false };
    },
  };
}

test("what a shard has been told and has not accepted is among what remains", async () => {
  expect(await holdingsOf(releasing(1), "s1")).toMatchObject({
    domains: [],
    instructions: ["unassign rack=z"],
  });
});

test("a drain is at its end when the shard has accepted the last release", async () => {
  const said: string[] = [];
  await waitUntilEmpty(releasing(1), "s1", 60_000, (words) => said.push(words));
  expect(said).toEqual(["1 pending instruction"]);
});

test("a release that is never accepted ends the wait as something that remains", async () => {
  const wait = waitUntilEmpty(releasing(Number.POSITIVE_INFINITY), "s1", 0, () => undefined);
  await expect(wait).rejects.toMatchObject({ code: "SHARD_STILL_IN_USE" });
});
