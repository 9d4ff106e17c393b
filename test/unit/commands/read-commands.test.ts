import { afterEach, describe, expect, test, vi } from "vitest";
import { joinAnswers } from "../../../src/client/fleet-status.ts";
import AuditList from "../../../src/commands/audit/list.ts";
import ClusterList from "../../../src/commands/cluster/list.ts";
import ShardList from "../../../src/commands/shard/list.ts";
import Status from "../../../src/commands/status.ts";
import VersionCommand from "../../../src/commands/version.ts";
import { Exit, OperatorError } from "../../../src/core/base/errors.ts";
import { AuditEntry } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { ReadStamp } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Drift } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import {
  clustersReply,
  clusterView,
  downNode,
  fleetReply,
  SOUND_DATA_PLANE,
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

afterEach(() => vi.clearAllMocks());

describe("fleet status", () => {
  test("a healthy fleet: a row a node, a verdict, exit 0, the client closed", async () => {
    client.status.mockResolvedValue(fleetReply([upNode(1), upNode(2)]));
    const { stdout, stderr, exit } = await run(Status, "status", []);
    expect(stdout).toMatchInlineSnapshot(`
      "NAME  STATE  ROLE      TERM  COMMIT  APPLIED  LAG  HASH      RTT    VERSION
      n1    ● up   leader       3     120      120    0  abcdef01  2.0ms  0.1.0
      n2    ● up   follower     3     120      120    0  abcdef01  2.0ms  0.1.0

      ● local: healthy, 2 of 2 nodes up, n1 leads term 3
      ● state hashes agree at index 120
      ● cluster version 2
      "
    `);
    expect({ stderr, exit, closed: client.close.mock.calls.length }).toEqual({
      stderr: "",
      exit: 0,
      closed: 1,
    });
  });

  test("a node that is down is a row of its own, and the exit code says it", async () => {
    client.status.mockResolvedValue(fleetReply([upNode(1), downNode(2)]));
    const { stdout, exit } = await run(Status, "status", []);
    expect(stdout).toContain("✗ down");
    expect(stdout).toContain("n2 (127.0.0.1:7002) is down: connection refused");
    expect(exit).toBe(5);
  });

  test("20 of 23 shards dead is no health, though all coordinators are well", async () => {
    const dataPlane = { ...SOUND_DATA_PLANE, shardsAlive: 3, shardsDead: 20 };
    const answers = [upNode(1), upNode(2), upNode(3)];
    client.status.mockResolvedValue(joinAnswers(answers, 120, new Map(), dataPlane));
    const { stdout, exit } = await run(Status, "status", []);
    expect(stdout).toContain("20 dead");
    expect(exit).toBe(5);
  });

  test("-o json is the contract", async () => {
    client.status.mockResolvedValue(fleetReply([upNode(1)]));
    const { stdout } = await run(Status, "status", ["-o", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      kind: "FleetStatus",
      leader: "1",
      nodes: [{ name: "n1", status: { role: "leader", term: "3", commitIndex: "120" } }],
    });
  });
});

describe("lists", () => {
  test("rows are chosen, ordered and shown without headers as asked", async () => {
    client.listShards.mockResolvedValue(
      shardsReply(shardView("s1"), shardView("s2", { declaredClusters: 9 })),
    );
    const argv = ["--columns", "shard,declared", "--sort", "-declared", "--no-headers"];
    expect((await run(ShardList, "shard:list", argv)).stdout).toBe("s2  9\ns1  4\n");
  });

  test.each([
    { format: "name", stdout: "s1\n" },
    {
      format: "jsonl",
      stdout:
        /^\{"declaredClusters":4,"declaredDomains":0,"kind":"Shard","liveness":"alive",.*"schemaVersion":1,.*"state":"active".*\}\n$/,
    },
    { format: "yaml", stdout: /^kind: ShardList\nmore: false\nschemaVersion: 1\nshards:\n/ },
    { format: "wide", stdout: /REGISTERED\n.*2023-11-14T22:13:20\.000Z/ },
  ])("-o $format", async ({ format, stdout }) => {
    client.listShards.mockResolvedValue(shardsReply(shardView("s1")));
    const ran = await run(ShardList, "shard:list", ["-o", format]);
    if (typeof stdout === "string") expect(ran.stdout).toBe(stdout);
    else expect(ran.stdout).toMatch(stdout);
  });

  test("an empty list leaves stdout empty and says so on stderr", async () => {
    client.listAudit.mockResolvedValue({ stamp: undefined, entries: [] });
    const { stdout, stderr } = await run(AuditList, "audit:list", []);
    expect({ stdout, stderr }).toEqual({ stdout: "", stderr: "nothing has been changed yet\n" });
  });

  test.each([
    { drift: Drift.ABSENT, argv: ["--drift"], exit: 0, why: "drift is no failure of the command" },
    { drift: Drift.ABSENT, argv: ["--detailed-exitcode"], exit: 8, why: "asked for" },
    { drift: Drift.NONE, argv: ["--detailed-exitcode"], exit: 0, why: "nothing differs" },
  ])("cluster list $argv with drift $drift exits $exit: $why", async ({ drift, argv, exit }) => {
    client.listClusters.mockResolvedValue(clustersReply(clusterView("c1", drift)));
    expect((await run(ClusterList, "cluster:list", argv)).exit).toBe(exit);
  });
});

describe("audit list", () => {
  test.each([
    { argv: ["--tail", "2"], options: { newest: true, rowsMax: 2 }, why: "the newest" },
    { argv: ["--limit", "2"], options: { rowsMax: 2 }, why: "the oldest, to be read on from" },
  ])("$argv asks for $why", async ({ argv, options }) => {
    client.listAudit.mockResolvedValue({ stamp: undefined, entries: [], more: false });
    await run(AuditList, "audit:list", argv);
    expect(client.listAudit).toHaveBeenCalledWith({ filter: { afterIndex: 0, actor: "" }, ...options });
  });

  const what = "bind cluster c1 to shard s1";
  const metadata = { cluster: "c1", shard: "s1" };
  const told = AuditEntry.fromPartial({ index: 8, actor: "fleet://shard/s1", reason: "first contact", what });

  test("JSON has operation, reason and facts beside the line that is made of them", async () => {
    const entries = [{ ...told, operation: "bindCluster", metadata }];
    client.listAudit.mockResolvedValue({ stamp: undefined, entries, more: false });
    const { stdout } = await run(AuditList, "audit:list", ["-o", "json"]);
    expect(JSON.parse(stdout).entries).toMatchObject([
      { index: "8", what, operation: "bindCluster", reason: "first contact", metadata },
    ]);
  });

  test.each([
    { entry: { ...told, operation: "bindCluster", metadata }, cells: "bindCluster  cluster=c1 shard=s1" },
    { entry: told, cells: "-          -" },
  ])("the wide table ends in $cells", async ({ entry, cells }) => {
    client.listAudit.mockResolvedValue({ stamp: undefined, entries: [entry], more: false });
    const { stdout } = await run(AuditList, "audit:list", ["-o", "wide"]);
    expect(stdout.split("\n")[1]).toMatch(new RegExp(`${cells}$`));
  });

  test("the newest and the oldest contradict each other", async () => {
    expect((await run(AuditList, "audit:list", ["--tail", "2", "--limit", "2"])).exit).toBe(2);
  });
});

describe("how fresh", () => {
  const old = { ...shardsReply(shardView("s1")) };
  const stamp = ReadStamp.fromPartial({ index: 36, nodeId: 3, nodeName: "n3", mayBeOld: true, ageMs: 1200 });

  test.each([
    { argv: [], consistency: undefined, why: "linearizable" },
    { argv: ["--stale"], consistency: { $case: "stale", value: {} }, why: "" },
    {
      argv: ["--max-staleness", "5s"],
      consistency: { $case: "maxStalenessMs", value: 5_000 },
      why: "in milliseconds",
    },
  ])("$argv asks so: $why", async ({ argv, consistency }) => {
    client.listShards.mockResolvedValue(old);
    await run(ShardList, "shard:list", argv);
    expect(client.listShards.mock.calls[0]?.[0].consistency).toEqual(consistency);
  });

  test.each([
    { format: "table", where: "stdout" as const, why: "at the foot" },
    { format: "name", where: "stderr" as const, why: "a pipe gets rows only" },
    { format: "jsonl", where: "stderr" as const, why: "a pipe gets rows only" },
  ])("-o $format says on $where that it may be old, and whose it is: $why", async ({ format, where }) => {
    client.listShards.mockResolvedValue({ ...old, stamp });
    const ran = await run(ShardList, "shard:list", ["--stale", "-o", format]);
    expect(ran[where]).toContain(
      "this may be old: n3 answered, at index 36; only changes of the last 1.2s can be missing",
    );
  });

  test("-o json has the stamp itself", async () => {
    client.listShards.mockResolvedValue({ ...old, stamp });
    const { stdout } = await run(ShardList, "shard:list", ["--stale", "-o", "json"]);
    expect(JSON.parse(stdout).stamp).toMatchObject({ nodeName: "n3", index: "36", ageMs: "1200" });
  });

  test.each([
    { argv: ["--stale", "--max-staleness", "5s"], why: "they contradict each other" },
    { argv: ["--stale", "--from", "x"], why: "an archive asks nobody" },
    { argv: ["--max-staleness", "5"], why: "a number without unit is no duration" },
  ])("$argv is wrong usage: $why", async ({ argv }) => {
    expect((await run(ShardList, "shard:list", argv)).exit).toBe(2);
  });
});

describe("failures", () => {
  const unavailable = new OperatorError("UNAVAILABLE", {
    what: "no leader answered in time",
    why: "connection refused",
    next: "see which nodes are up: fleet status",
    endpoint: "127.0.0.1:7001",
    exit: Exit.NoQuorum,
  });

  test("on stderr: what, code, cause, next step, endpoint", async () => {
    client.listShards.mockRejectedValue(unavailable);
    const { stdout, stderr, exit } = await run(ShardList, "shard:list", []);
    expect({ stdout, exit }).toEqual({ stdout: "", exit: 5 });
    expect(stderr).toMatchInlineSnapshot(`
      "error: no leader answered in time [FLEET_E_UNAVAILABLE]
        cause: connection refused
        next: see which nodes are up: fleet status
        endpoint: 127.0.0.1:7001
      "
    `);
  });

  test("under --json: the same on stdout, nothing on stderr", async () => {
    client.listShards.mockRejectedValue(unavailable);
    const { stdout, stderr, exit } = await run(ShardList, "shard:list", ["--json"]);
    expect({ stderr, exit }).toEqual({ stderr: "", exit: 5 });
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      kind: "Error",
      error: {
        code: "FLEET_E_UNAVAILABLE",
        what: "no leader answered in time",
        why: "connection refused",
        next: "see which nodes are up: fleet status",
        endpoint: "127.0.0.1:7001",
        current: null,
        exit: 5,
      },
    });
  });

  test.each([
    { argv: ["--frob"], says: "unknown flag: --frob", why: "no such flag" },
    { argv: ["--colums", "a"], says: "did you mean --columns?", why: "a typo gets a suggestion" },
    { argv: ["-o", "jsn"], says: "did you mean --output json?", why: "a typo in a value too" },
    { argv: ["extra"], says: "unexpected argument: extra", why: "" },
    { argv: ["--columns", "shrd"], says: "did you mean shard?", why: "columns are known only to the table" },
    { argv: ["--json", "-o", "yaml"], says: "contradict each other", why: "" },
    {
      argv: ["-w", "-o", "name"],
      says: "-o name and --watch into a pipe",
      why: "a watch's pipe is JSON lines",
    },
    { argv: ["-w", "--columns", "shard"], says: "--columns and --watch", why: "JSON has no columns" },
    { argv: ["-w", "--no-headers"], says: "--no-headers and --watch", why: "nor headers" },
  ])("$argv exits 2 and says $says: $why", async ({ argv, says }) => {
    client.listShards.mockResolvedValue(shardsReply());
    const { stdout, stderr, exit } = await run(ShardList, "shard:list", argv);
    expect(exit).toBe(2);
    expect(stdout + stderr).toContain(says);
    expect(stdout + stderr).not.toMatch(/ at .*\.[jt]s:\d/);
    expect((stdout + stderr).length).toBeLessThan(500);
  });

  test("a bad flag under --json is a short JSON error", async () => {
    const { stdout, stderr, exit } = await run(ShardList, "shard:list", ["--json", "--frob"]);
    expect({ stderr, exit }).toEqual({ stderr: "", exit: 2 });
    expect(JSON.parse(stdout)).toMatchObject({ kind: "Error", error: { code: "FLEET_E_USAGE", exit: 2 } });
  });
});

test("fleet version says what runs, without a fleet", async () => {
  const { stdout, exit } = await run(VersionCommand, "version", ["--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ kind: "Version", node: process.version, schemaVersion: 1 });
  expect(exit).toBe(0);
});
