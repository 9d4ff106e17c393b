// What a command is to remove must be there: a name that the fleet does not know exits 3, and changes nothing.

import { afterEach, expect, test, vi } from "vitest";
import ClusterUnbind from "../../../src/commands/cluster/unbind.ts";
import DomainUnassign from "../../../src/commands/domain/unassign.ts";
import ProviderRemove from "../../../src/commands/provider/remove.ts";
import QuotaRemove from "../../../src/commands/quota/remove.ts";
import RoleDelete from "../../../src/commands/role/delete.ts";
import ShardForget from "../../../src/commands/shard/forget.ts";
import { clustersReply, clusterView } from "../ui/model/fixtures.ts";
import { client } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);

afterEach(() => vi.clearAllMocks());

const unchanged = { index: 12, term: 3, changed: false, version: 0, summary: "" };

test.each([
  { Class: ClusterUnbind, id: "cluster:unbind", argv: ["nope"], says: "there is no cluster nope" },
  { Class: ProviderRemove, id: "provider:remove", argv: ["nope"], says: "there is no provider nope" },
  {
    ...{ Class: QuotaRemove, id: "quota:remove" },
    ...{ argv: ["--provider", "nope", "--region", "r"], says: "there is no quota nope/r" },
  },
  { Class: ShardForget, id: "shard:forget", argv: ["nope"], says: "there is no shard nope" },
  {
    Class: DomainUnassign,
    id: "domain:unassign",
    argv: ["zone=nope"],
    says: "domain zone=nope is not assigned",
  },
  { Class: RoleDelete, id: "role:delete", argv: ["nope"], says: "there is no role nope" },
])("$id $argv exits 3", async ({ Class, id, argv, says }) => {
  client.submit.mockResolvedValue(unchanged);
  client.tryOut.mockResolvedValue(unchanged);
  client.listClusters.mockResolvedValue(clustersReply(clusterView("nope2")));
  for (const more of [[], ["--dry-run"]]) {
    const { stdout, stderr, exit } = await run(Class, id, [...argv, ...more]);
    expect({ stdout, exit }).toEqual({ stdout: "", exit: 3 });
    expect(stderr).toContain(says);
  }
});

test("a cluster that a shard reports, and no one declared, is as asked for", async () => {
  client.submit.mockResolvedValue(unchanged);
  const { declared: _, ...seen } = clusterView("c1");
  client.listClusters.mockResolvedValue(clustersReply({ ...seen, declared: undefined }));
  const { stdout, exit } = await run(ClusterUnbind, "cluster:unbind", ["c1"]);
  expect({ stdout, exit }).toEqual({ stdout: "● cluster c1 was not bound (index 12)\n", exit: 0 });
});
