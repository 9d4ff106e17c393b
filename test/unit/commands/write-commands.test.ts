import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import ClusterBind from "../../../src/commands/cluster/bind.ts";
import ClusterUnbind from "../../../src/commands/cluster/unbind.ts";
import DomainAssign from "../../../src/commands/domain/assign.ts";
import DomainUnassign from "../../../src/commands/domain/unassign.ts";
import ProviderSet from "../../../src/commands/provider/set.ts";
import RoleCreate from "../../../src/commands/role/create.ts";
import ShardDrain from "../../../src/commands/shard/drain.ts";
import ShardRemove from "../../../src/commands/shard/remove.ts";
import { Exit, OperatorError } from "../../../src/core/base/errors.ts";
import { makeFolder } from "../../make-folder.ts";
import { clustersReply, clusterView, shardsReply, shardView } from "../ui/model/fixtures.ts";
import { client, connect } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);

afterEach(() => {
  vi.clearAllMocks();
  vi.unstubAllEnvs();
  client.target.readOnly = false;
  client.target.beforeChange = undefined;
});

const BIND = ["--cluster", "c1", "--shard", "s1", "--reason", "new"];
const written = { index: 12, term: 3, changed: true, version: 1, summary: "" };

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

  test("FLEET_TIMEOUT is its deadline, and a read's; FLEET_NODE_TIMEOUT is the limit of one node", async () => {
    vi.stubEnv("FLEET_TIMEOUT", "20s");
    vi.stubEnv("FLEET_NODE_TIMEOUT", "3s");
    client.submit.mockResolvedValue(written);
    await run(ClusterBind, "cluster:bind", BIND);
    expect(client.submit).toHaveBeenCalledWith(expect.anything(), { reason: "new", deadlineMs: 20_000 });
    expect(connect).toHaveBeenCalledWith(expect.anything(), { nodeTimeoutMs: 3_000, callDeadlineMs: 20_000 });
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

  test("--dry-run asks the server, and writes nothing", async () => {
    client.tryOut.mockResolvedValue(written);
    const { stdout, exit } = await run(ClusterBind, "cluster:bind", [...BIND, "--dry-run"]);
    expect({ stdout, exit }).toEqual({ stdout: "? would bind cluster c1 to shard s1\n", exit: 0 });
    expect(client.tryOut).toHaveBeenCalledWith(
      { kind: { $case: "bindCluster", value: { clusterId: "c1", shardId: "s1" } } },
      { reason: "new", deadlineMs: 5000 },
    );
    expect(client.submit).not.toHaveBeenCalled();
  });

  test("--dry-run of what would be refused is refused alike", async () => {
    const parts = { what: "cluster c1 is bound to s2", exit: Exit.Precondition };
    client.tryOut.mockRejectedValue(new OperatorError("CLUSTER_ALREADY_BOUND", parts));
    const { stderr, exit } = await run(ClusterBind, "cluster:bind", [...BIND, "--dry-run"]);
    expect(exit).toBe(9);
    expect(stderr).toContain("FLEET_E_CLUSTER_ALREADY_BOUND");
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
    client.tryOut.mockResolvedValue(written);
    expect((await run(ClusterBind, "cluster:bind", [...BIND, "--dry-run"])).exit).toBe(0);
  });

  test("a context's hook is asked once, also by a command that looks first", async () => {
    const asked = join(await makeFolder(), "asked");
    client.target.beforeChange = { command: `echo "$FLEET_HOOK_COMMAND" >> ${asked}`, directory: "/" };
    client.tryOut.mockResolvedValue({ ...written, summary: "drops 1 cluster binding" });
    client.submit.mockResolvedValue(written);
    const { exit } = await run(ShardRemove, "shard:remove", ["s1", "--force", "--yes"]);
    expect({ exit, asked: await readFile(asked, "utf8") }).toEqual({ exit: 0, asked: "shard remove\n" });
    await rm(dirname(asked), { recursive: true });
  });

  test.each([
    { argv: ["--cluster", "c1"], says: "--to is missing", why: "" },
    { argv: [...BIND, "--timeout", "5"], says: "5 is not a duration", why: "a unit is needed" },
  ])("$argv exits 2: $says $why", async ({ argv, says }) => {
    const { stderr, exit } = await run(ClusterBind, "cluster:bind", argv);
    expect(stderr).toContain(says);
    expect(exit).toBe(2);
  });
});

describe("provider set", () => {
  const SET = ["aws", "--address", "aws.example:443", "--declared-quota", "9", "--dry-run"];

  test.each([
    { argv: [], region: "", keepRegion: true, says: "with 9 machines", why: "what it has stays" },
    { argv: ["--region", "eu"], region: "eu", keepRegion: false, says: "in region eu", why: "as it says" },
    { argv: ["--region", ""], region: "", keepRegion: false, says: "in no region", why: "said, and empty" },
  ])("$argv: $why", async ({ argv, region, keepRegion, says }) => {
    client.tryOut.mockResolvedValue(written);
    const { stdout } = await run(ProviderSet, "provider:set", [...SET, ...argv]);
    expect(client.tryOut.mock.calls[0]?.[0]).toMatchObject({ kind: { value: { region, keepRegion } } });
    expect(stdout.trim()).toMatch(new RegExp(`${says}$`));
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

  test("--wait that runs out of time is one JSON document, with what was written and the error", async () => {
    client.submit.mockResolvedValue(written);
    client.listInstructions.mockResolvedValue({
      instructions: [{ shardId: "s1", key: "zone", value: "a", outcome: 0, detail: "" }],
    });
    const line = ["--domain", "zone=a", "--shard", "s1", "--wait", "--timeout", "1ms", "--json"];
    const { stdout, exit } = await run(DomainAssign, "domain:assign", line);
    expect(exit).toBe(6);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "Write",
      index: "12",
      error: { code: "FLEET_E_INSTRUCTION_PENDING", exit: 6 },
    });
  });

  test("a domain without a value is refused with an example", async () => {
    const { stderr, exit } = await run(DomainUnassign, "domain:unassign", ["--domain", "zone"]);
    expect(stderr).toContain("KEY=VALUE");
    expect(exit).toBe(2);
  });
});

describe("shard remove", () => {
  const drops = { ...written, summary: "drops 3 cluster bindings, 1 domain" };

  test("--dry-run --force says what would be dropped, and asks nobody", async () => {
    client.tryOut.mockResolvedValue(drops);
    const { stdout } = await run(ShardRemove, "shard:remove", ["s1", "--force", "--dry-run"]);
    expect(stdout).toBe("? would remove shard s1, which drops 3 cluster bindings, 1 domain\n");
    expect(client.submit).not.toHaveBeenCalled();
  });

  test("--force without a terminal needs --yes, and the question says what is at stake", async () => {
    client.tryOut.mockResolvedValue(drops);
    const { stderr, exit } = await run(ShardRemove, "shard:remove", ["s1", "--force"]);
    expect(exit).toBe(2);
    expect(stderr).toContain("remove shard s1, which drops 3 cluster bindings, 1 domain");
    expect(client.submit).not.toHaveBeenCalled();
  });

  test("--force --yes removes", async () => {
    client.tryOut.mockResolvedValue(drops);
    client.submit.mockResolvedValue(drops);
    const { stdout } = await run(ShardRemove, "shard:remove", ["s1", "--force", "--yes"]);
    expect(stdout).toContain("removed shard s1, which drops 3 cluster bindings, 1 domain");
  });
});

describe("shard drain", () => {
  function holds(...clusters: string[]) {
    client.listShards.mockResolvedValue(shardsReply(shardView("s1")));
    client.listClusters.mockResolvedValue(clustersReply(...clusters.map((name) => clusterView(name))));
    client.listDomains.mockResolvedValue({ domains: [{ key: "zone", value: "a" }] });
    client.listQuotas.mockResolvedValue({ quotas: [] });
    client.listInstructions.mockResolvedValue({ instructions: [] });
    client.submit.mockResolvedValue(written);
    client.tryOut.mockResolvedValue(written);
  }

  const REMAINS = "▲ 2 cluster bindings: c1 c2\n▲ 1 domain: zone=a\n";

  test.each([
    { argv: [], says: "● shard s1 is being drained (index 12)\n", why: "it says what is to be moved" },
    { argv: ["--dry-run"], says: "? would drain shard s1\n", why: "and what would be" },
  ])("lists what remains with $argv: $why", async ({ argv, says }) => {
    holds("c1", "c2");
    expect(await run(ShardDrain, "shard:drain", ["s1", ...argv])).toMatchObject({
      stdout: says + REMAINS,
      exit: 0,
    });
  });

  test("as JSON, as shard show has it", async () => {
    holds("c1", "c2");
    const { stdout } = await run(ShardDrain, "shard:drain", ["s1", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "Write",
      index: "12",
      remains: { clusters: ["c1", "c2"], domains: ["zone=a"], undeclared: [], shard: { liveness: "alive" } },
    });
  });

  test("--wait --json tells what remained at its end", async () => {
    holds("c1");
    client.listDomains.mockResolvedValue({ domains: [] });
    client.listClusters
      .mockResolvedValueOnce(clustersReply(clusterView("c1")))
      .mockResolvedValue(clustersReply());
    const { stdout, exit } = await run(ShardDrain, "shard:drain", ["s1", "--wait", "--json"]);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ error: null, remains: { clusters: [] } });
    holds("c1");
    const late = await run(ShardDrain, "shard:drain", ["s1", "--wait", "--timeout", "1ms", "--json"]);
    expect(late.exit).toBe(6);
    expect(JSON.parse(late.stdout)).toMatchObject({
      error: { code: "FLEET_E_SHARD_STILL_IN_USE" },
      remains: { clusters: ["c1"] },
    });
  });

  test("that what remains could not be read is no failure of the drain", async () => {
    holds();
    const parts = { what: "no leader answered in time", exit: Exit.NoQuorum };
    client.listShards.mockRejectedValue(new OperatorError("UNAVAILABLE", parts));
    const { stdout, stderr, exit } = await run(ShardDrain, "shard:drain", ["s1"]);
    expect({ stdout, exit }).toEqual({ stdout: "● shard s1 is being drained (index 12)\n", exit: 0 });
    expect(stderr).toContain("the remaining rows could not be read (no leader answered in time)");
  });
});

describe("cluster unbind", () => {
  const takes = { ...written, summary: "takes it from shard s1" };
  const value = { clusterId: "c1", expectedVersion: 4 };

  test("submits what it is given, asks nobody, and says from which shard it took the cluster", async () => {
    client.submit.mockResolvedValue(takes);
    const line = ["--cluster", "c1", "--expect-version", "4", "--reason", "gone"];
    const { stdout } = await run(ClusterUnbind, "cluster:unbind", line);
    const options = { reason: "gone", deadlineMs: 5000 };
    expect(client.submit).toHaveBeenCalledWith({ kind: { $case: "unbindCluster", value } }, options);
    expect(stdout).toBe("● unbound cluster c1, which takes it from shard s1 (index 12)\n");
  });

  test("--force without a terminal needs --yes, and the question says what is at stake; a dry run asks nobody", async () => {
    client.tryOut.mockResolvedValue(takes);
    const line = ["--cluster", "c1", "--force"];
    const { stderr, exit } = await run(ClusterUnbind, "cluster:unbind", line);
    expect(exit).toBe(2);
    expect(stderr).toContain("unbind cluster c1, which takes it from shard s1");
    expect((await run(ClusterUnbind, "cluster:unbind", [...line, "--dry-run"])).exit).toBe(0);
    expect(client.submit).not.toHaveBeenCalled();
    client.submit.mockResolvedValue(takes);
    expect((await run(ClusterUnbind, "cluster:unbind", [...line, "--yes"])).exit).toBe(0);
    expect(client.submit.mock.calls[0]?.[0]).toMatchObject({ kind: { value: { force: true } } });
  });
});

test.each([
  { more: [], says: "role cd exists already", next: "fleet role show cd", why: "it was to be made" },
  {
    more: ["--expect-version", "7"],
    says: "the version of role cd is 72687",
    next: "another writer changed it",
    why: "another version was known",
  },
])("role create $more of a role at another version: $why", async ({ more, says, next }) => {
  client.submit.mockRejectedValue(
    new OperatorError("VERSION_CONFLICT", {
      what: "the version of role cd is 72687, not that",
      next: "another writer changed it",
      current: "72687",
      exit: Exit.Precondition,
    }),
  );
  const argv = ["cd", "--allow", "drain shard s1", ...more];
  const { stderr, exit } = await run(RoleCreate, "role:create", argv);
  expect(stderr).toContain(says);
  expect(stderr).toContain(next);
  expect(exit).toBe(Exit.Precondition);
  if (more.length === 0) expect(stderr).toContain("--expect-version 72687");
});
