// A plan in waves without moves: people are told on standard error, and scripts get the document.

import { expect, test, vi } from "vitest";
import RebindPlan from "../../../src/commands/rebind/plan.ts";
import ShardEvacuate from "../../../src/commands/shard/evacuate.ts";
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

client.status.mockResolvedValue(fleetReply([upNode(1), upNode(2), upNode(3)]));
client.listShards.mockResolvedValue(shardsReply(shardView("s1"), shardView("s3")));
client.listClusters.mockResolvedValue(clustersReply(clusterView("c1")));

const NOTHING = "nothing to move: shard s3 owns no cluster that can move";
const evacuate = (...words: readonly string[]) =>
  run(ShardEvacuate, "shard:evacuate", ["s3", "--yes", "--reason", "disks", ...words]);

test("an empty shard is said to own no cluster that can move", async () => {
  const { stdout, stderr, exit } = await evacuate();
  expect({ stdout, exit }).toEqual({ stdout: "", exit: 0 });
  expect(stderr).toContain(NOTHING);
});

test.each([["--dry-run"], []])("the document of it is a plan without routes %s", async (...words) => {
  const { stdout, exit } = await evacuate(...words, "-o", "json");
  expect(exit).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ kind: "PlanPreview", sentence: NOTHING, routes: [] });
});

test("fleet rebind plan --from prints a plan without moves in JSON, and nothing otherwise", async () => {
  const words = ["--from", "s3", "--spread"];
  const { stdout } = await run(RebindPlan, "rebind:plan", [...words, "-o", "json"]);
  expect(JSON.parse(stdout)).toMatchObject({ kind: "RebindPlan", version: "2", moves: [] });
  expect((await run(RebindPlan, "rebind:plan", words)).stdout).toBe("");
});
