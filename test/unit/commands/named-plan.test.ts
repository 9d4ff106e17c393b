// Clusters by name to one shard: a plan in waves, unless a move needs what only version 1 can express.

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

const { declared } = clusterView("c3");
const migration = { migrationId: "c3-to-s3-v0-1", fromShard: "s1" };
const [seen] = clusterView("c4").observed;

client.listShards.mockResolvedValue(shardsReply(shardView("s1"), shardView("s3")));
client.listClusters.mockResolvedValue(
  clustersReply(
    clusterView("c1"),
    clusterView("c2"),
    clusterView("c3", Drift.MIGRATING, {
      declared: declared && { ...declared, clusterId: "c3", shardId: "s3", migration },
    }),
    clusterView("c4", Drift.ELSEWHERE, { observed: seen === undefined ? [] : [{ ...seen, shardId: "s3" }] }),
  ),
);
client.status.mockResolvedValue(fleetReply([upNode(1), upNode(2), upNode(3)]));

async function planned(...argv: readonly string[]) {
  const { stdout, stderr } = await run(RebindPlan, "rebind:plan", [...argv, "-o", "json"]);
  return { plan: JSON.parse(stdout), stderr };
}

test.each([
  { argv: ["c1", "c2", "--to", "s3"], version: "2", why: "the fleet keeps its progress" },
  { argv: ["c3", "--to", "s3"], version: "1", why: "it continues a migration" },
  { argv: ["c4", "--to", "s1"], version: "1", why: "an agent comes back to the declared shard" },
  { argv: ["c4", "c1", "--to", "s1"], version: "1", why: "one such move is enough" },
  { argv: ["c1", "--to", "s1"], version: "2", why: "an empty plan moves nothing" },
])("$argv is planned in version $version: $why", async ({ argv, version }) => {
  expect((await planned(...argv)).plan).toMatchObject({ kind: "RebindPlan", version });
});

test("a named move has the version that its binding must have", async () => {
  const { plan } = await planned("c2", "c1", "--to", "s3");
  expect(plan.moves).toEqual([
    { cluster: "c1", from: "s1", to: "s3", version: "1" },
    { cluster: "c2", from: "s1", to: "s3", version: "1" },
  ]);
});

test("why a plan has version 1 is said, and for which clusters", async () => {
  expect((await planned("c1", "--to", "s3")).stderr).toBe("");
  expect((await planned("c4", "--to", "s1")).stderr).toContain("a plan of version 1, without a journal");
  expect((await planned("c4", "--to", "s1")).stderr).toContain("(c4)");
});

test("what has nothing to move says so", async () => {
  const { plan, stderr } = await planned("c1", "--to", "s1");
  expect(plan.moves).toEqual([]);
  expect(stderr).toContain("nothing to move: shard s1 already owns the named clusters");
});

test("flags of waves decide: a plan in waves leaves a migrating cluster out", async () => {
  const { plan, stderr } = await planned("c3", "c1", "--to", "s3", "--wave", "5");
  expect(plan).toMatchObject({ version: "2", moves: [{ cluster: "c1" }] });
  expect(stderr).not.toContain("version 1");
});

test.each([
  { voters: 1, flags: [], margin: 0, why: "a fleet of one voter can never lose one" },
  { voters: 3, flags: [], margin: 1, why: "a lost follower must not stop it half-way" },
  { voters: 1, flags: ["--quorum-margin", "2"], margin: 2, why: "the operator has said it" },
])("with $voters voters and $flags the plan wants a margin of $margin: $why", async (given) => {
  const tolerance = { voters: given.voters, following: given.voters, canLose: 0 };
  client.status.mockResolvedValueOnce(fleetReply([upNode(1)], { tolerance }));
  const { plan } = await planned("c1", "--to", "s3", ...given.flags);
  expect(plan.preconditions.quorumMargin).toBe(given.margin);
});
