import { afterEach, describe, expect, test, vi } from "vitest";
import type { ChangeHook } from "../../../src/client/context/target.ts";
import ClusterBind from "../../../src/commands/cluster/bind.ts";
import DomainAssign from "../../../src/commands/domain/assign.ts";
import DomainUnassign from "../../../src/commands/domain/unassign.ts";
import { clustersReply, clusterView, shardsReply, shardView } from "../ui/model/fixtures.ts";
import { run } from "./harness.ts";

const client = vi.hoisted(() => ({
  target: { name: "local", readOnly: false, beforeChange: undefined as ChangeHook | undefined },
  submit: vi.fn(),
  listShards: vi.fn(),
  listClusters: vi.fn(),
  close: vi.fn(),
}));
vi.mock("../../../src/client/fleet-client.ts", () => ({ FleetClient: { connect: () => client } }));
vi.mock("../../../src/client/context/resolve-target.ts", () => ({
  resolveTarget: async () => ({ name: "local" }),
}));

afterEach(() => {
  vi.clearAllMocks();
  client.target.readOnly = false;
  client.target.beforeChange = undefined;
});

const BIND = ["--cluster", "c1", "--shard", "s1", "--reason", "new"];
const written = { index: 12, term: 3, changed: true, version: 1 };

describe("cluster bind", () => {
  test("submits the operation with its reason and deadline, and says at which index it took effect", async () => {
    client.submit.mockResolvedValue(written);
    const { stdout } = await run(ClusterBind, "cluster:bind", [...BIND, "--timeout", "2s"]);
    expect(client.submit).toHaveBeenCalledWith(
      { kind: { $case: "bindCluster", value: { clusterId: "c1", shardId: "s1" } } },
      { reason: "new", deadlineMs: 2000 },
    );
    expect(stdout).toBe("● bound cluster c1 to shard s1 (index 12)\n");
  });

  test("a write that changed nothing says so", async () => {
    client.submit.mockResolvedValue({ ...written, changed: false });
    expect((await run(ClusterBind, "cluster:bind", BIND)).stdout).toContain("already");
  });

  test("--json gives the index as a string", async () => {
    client.submit.mockResolvedValue(written);
    const { stdout } = await run(ClusterBind, "cluster:bind", [...BIND, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "Write",
      changed: true,
      dryRun: false,
      index: "12",
      term: "3",
    });
  });

  test.each([
    { existing: [], exit: 0, says: "would bind", why: "it would work" },
    {
      existing: [clusterView("c1", 1, { declared: { ...bound("s2") } })],
      exit: 9,
      says: "bound to shard s2",
      why: "it would be refused",
    },
  ])("--dry-run writes nothing: $why", async ({ existing, exit, says }) => {
    client.listShards.mockResolvedValue(shardsReply(shardView("s1")));
    client.listClusters.mockResolvedValue(clustersReply(...existing));
    const ran = await run(ClusterBind, "cluster:bind", [...BIND, "--dry-run"]);
    expect(ran.exit).toBe(exit);
    expect(ran.stdout + ran.stderr).toContain(says);
    expect(client.submit).not.toHaveBeenCalled();
  });

  test("a read-only context refuses", async () => {
    client.target.readOnly = true;
    const { stderr, exit } = await run(ClusterBind, "cluster:bind", BIND);
    expect(stderr).toContain("FLEET_E_CONTEXT_READ_ONLY");
    expect(exit).toBe(9);
    expect(client.submit).not.toHaveBeenCalled();
  });

  test("a context's hook refuses, and is not asked for a dry run", async () => {
    client.target.beforeChange = { command: "echo frozen; exit 1", directory: "/" };
    const { stderr, exit } = await run(ClusterBind, "cluster:bind", BIND);
    expect(stderr).toContain("FLEET_E_CHANGE_REFUSED");
    expect(stderr).toContain("frozen");
    expect(exit).toBe(9);
    expect(client.submit).not.toHaveBeenCalled();
    client.listShards.mockResolvedValue(shardsReply(shardView("s1")));
    client.listClusters.mockResolvedValue(clustersReply());
    expect((await run(ClusterBind, "cluster:bind", [...BIND, "--dry-run"])).exit).toBe(0);
  });

  test.each([
    { argv: ["--cluster", "c1"], says: "missing required flag shard", why: "" },
    { argv: [...BIND, "--timeout", "5"], says: "5 is not a duration", why: "a unit is needed" },
  ])("$argv exits 2: $says $why", async ({ argv, says }) => {
    const { stderr, exit } = await run(ClusterBind, "cluster:bind", argv);
    expect(stderr).toContain(says);
    expect(exit).toBe(2);
  });
});

describe("domain", () => {
  test("assign splits at the first equals sign", async () => {
    client.submit.mockResolvedValue(written);
    await run(DomainAssign, "domain:assign", [
      "--domain",
      "zone=a=b",
      "--shard",
      "s1",
      "--expect-version",
      "0",
    ]);
    expect(client.submit.mock.calls[0]?.[0]).toEqual({
      kind: {
        $case: "assignDomain",
        value: { key: "zone", value: "a=b", shardId: "s1", expectedVersion: 0 },
      },
    });
  });
  test("a domain without a value is refused with an example", async () => {
    const { stderr, exit } = await run(DomainUnassign, "domain:unassign", ["--domain", "zone"]);
    expect(stderr).toContain("KEY=VALUE");
    expect(exit).toBe(2);
  });
});

function bound(shardId: string) {
  const when = { version: 1, sinceMs: 0, sinceIndex: 1, by: "fleet://admin" };
  return { clusterId: "c1", shardId, migration: undefined, ...when };
}
