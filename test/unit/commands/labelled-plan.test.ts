// Clusters that are selected by their labels: a plan moves exactly these, and of them only those of the shard that is named.

import { expect, test, vi } from "vitest";
import RebindPlan from "../../../src/commands/rebind/plan.ts";
import { Drift } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import {
  clustersReply,
  clusterView,
  fleetReply,
  shardsReply,
  shardView,
  upNode,
} from "../ui/model/fixtures.ts";
import { client } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);

function cluster(clusterId: string, shardId: string, entries: Record<string, string>) {
  const { declared } = clusterView(clusterId);
  if (declared === undefined) throw new Error("the fixture declares it");
  return clusterView(clusterId, Drift.NONE, { declared: { ...declared, shardId, labels: { entries } } });
}

client.status.mockResolvedValue(fleetReply([upNode(1)]));
client.listShards.mockResolvedValue(shardsReply(shardView("s1"), shardView("s2"), shardView("s3")));
client.listClusters.mockResolvedValue(
  clustersReply(
    cluster("c1", "s1", { team: "a" }),
    cluster("c2", "s2", { team: "a" }),
    cluster("c3", "s2", { team: "b" }),
    cluster("c4", "s2", { team: "a", tier: "web" }),
    cluster("c5", "s2", {}),
    cluster("c6", "s3", { team: "a" }),
  ),
);

test.each([
  { argv: ["-l", "team=a", "--from", "s2"], moves: ["c2 s2", "c4 s2"], why: "of that shard alone" },
  { argv: ["-l", "team=a"], moves: ["c1 s1", "c2 s2", "c4 s2"], why: "but not what is at its target" },
  { argv: ["-l", "team=a,tier!=web", "--from", "s2"], moves: ["c2 s2"], why: "what has no tier is not web" },
  { argv: ["-l", "team=a", "--from", "s1", "c5"], moves: ["c1 s1", "c5 s2"], why: "names add" },
])("$argv --to s3 plans $moves: $why", async ({ argv, moves }) => {
  const { stdout } = await run(RebindPlan, "rebind:plan", [...argv, "--to", "s3", "-o", "json"]);
  const plan: { moves: { cluster: string; from: string; to: string }[] } = JSON.parse(stdout);
  expect(plan.moves.map((move) => `${move.cluster} ${move.from}`)).toEqual(moves);
  expect(plan.moves.every(({ to }) => to === "s3")).toBe(true);
});
