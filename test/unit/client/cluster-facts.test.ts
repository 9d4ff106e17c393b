// Everything of one cluster, from the lists of a fleet.
import { expect, test } from "vitest";
import { clusterFacts } from "../../../src/client/cluster-facts.ts";
import { ListShortfallsResponse } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { concerns } from "../../../src/ui/model/audit-subject.ts";
import { auditReply, clustersReply, clusterView, shardsReply, shardView } from "../ui/model/fixtures.ts";

type Lists = Parameters<typeof clusterFacts>[0];

function lists(differs: Partial<Lists> = {}): Lists {
  const shortfalls = ["c1", "c10"].map((clusterId) => ({ shardId: "s1", shortfall: { clusterId } }));
  return {
    listClusters: () => Promise.resolve(clustersReply(clusterView("c1"))),
    listShards: () => Promise.resolve(shardsReply(shardView("s1"))),
    listShortfalls: () =>
      Promise.resolve({ ...ListShortfallsResponse.fromPartial({ shortfalls }), more: false }),
    listAudit: () =>
      Promise.resolve(
        auditReply(
          { index: 7, operation: "bindCluster", metadata: { cluster: "c1", shard: "s1" } },
          { index: 8, operation: "bindCluster", metadata: { cluster: "c10", shard: "s1" } },
          { index: 9, what: "unbind cluster c1" },
        ),
      ),
    ...differs,
  };
}

const about = (entry: Parameters<typeof concerns>[0]) => concerns(entry, "c1");

test("its shard, its own demand, and what was changed about it, and nothing of a namesake", async () => {
  const facts = await clusterFacts(lists(), "c1", about);
  expect(facts.shard?.shard?.shardId).toBe("s1");
  expect(facts.shortfalls.map(({ shortfall }) => shortfall?.clusterId)).toEqual(["c1"]);
  expect(facts.history.map(({ index }) => index)).toEqual([7, 9]);
  expect(facts.historyAfterIndex).toBe(0);
});

test("a log that was not searched to its beginning says from where", async () => {
  const reply = { ...auditReply({ index: 40 }, { index: 41 }), more: true };
  const facts = await clusterFacts(lists({ listAudit: () => Promise.resolve(reply) }), "c1", about);
  expect(facts.historyAfterIndex).toBe(40);
});

test("without a declaration there is no shard of it", async () => {
  const seen = clustersReply(clusterView("c1", undefined, { declared: undefined }));
  const facts = await clusterFacts(lists({ listClusters: () => Promise.resolve(seen) }), "c1", about);
  expect(facts.shard).toBeNull();
});

test("a name that only begins like a known one is unknown", async () => {
  const longer = clustersReply(clusterView("c10"));
  await expect(
    clusterFacts(lists({ listClusters: () => Promise.resolve(longer) }), "c1", about),
  ).rejects.toMatchObject({ code: "CLUSTER_UNKNOWN", parts: { exit: 3 } });
});
