// `fleet bundle`, and reads of what it wrote: each shows what the fleet would have shown, filters included, and asks no fleet.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import AuditList from "../../../src/commands/audit/list.ts";
import BundleCommand from "../../../src/commands/bundle.ts";
import ClusterList from "../../../src/commands/cluster/list.ts";
import Doctor from "../../../src/commands/doctor.ts";
import DomainList from "../../../src/commands/domain/list.ts";
import LogLevelCommand from "../../../src/commands/log-level.ts";
import Logs from "../../../src/commands/logs.ts";
import ShardList from "../../../src/commands/shard/list.ts";
import Status from "../../../src/commands/status.ts";
import Top from "../../../src/commands/top.ts";
import { OperatorError } from "../../../src/core/base/errors.ts";
import { Drift } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import {
  clustersReply,
  clusterView,
  fleetReply,
  shardsReply,
  shardView,
  upNode,
} from "../ui/model/fixtures.ts";
import { client, connect } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);

const ESC = "\u001B";
const OTHER_LISTS = (
  "listDomains domains,listQuotas quotas,listProviders providers,listSessions sessions,listInstructions instructions," +
  "listShortfalls shortfalls,listRoles roles,listRevocations revocations,listPlans plans,listMembers members,listFeatureGates gates"
).split(",");

beforeEach(async () => {
  vi.stubEnv("XDG_STATE_HOME", await temporaryFolder());
  connect.mockReturnValue(client);
  client.status.mockResolvedValue(fleetReply([upNode(1)]));
  client.listShards.mockResolvedValue(shardsReply(shardView("s1"), shardView(`s2${ESC}[2J`)));
  client.listClusters.mockResolvedValue(
    clustersReply(clusterView("c1", Drift.NONE), clusterView("c2", Drift.ABSENT)),
  );
  for (const pair of OTHER_LISTS) {
    const [method = "", rows = ""] = pair.split(" ");
    Object.assign(client, { [method]: async () => ({ stamp: undefined, [rows]: [], more: false }) });
  }
  Object.assign(client, {
    keyStatus: async () => ({ keys: [] }),
    listAudit: async () => {
      throw new OperatorError("NO_QUORUM", { what: "no leader answered in time", exit: 5 });
    },
  });
});
afterEach(() => {
  vi.clearAllMocks();
  vi.unstubAllEnvs();
});

const bundled = async (...argv: string[]) => {
  const file = join(await temporaryFolder(), "a.bundle");
  const ran = await run(BundleCommand, "bundle", [file, ...argv]);
  connect.mockImplementation(() => expect.unreachable("a replay asks no fleet"));
  return { file, ran };
};

test.each([
  { Class: Status, id: "status", argv: [] },
  { Class: ShardList, id: "shard:list", argv: ["-o", "json"] },
  { Class: ClusterList, id: "cluster:list", argv: ["--detailed-exitcode"] },
  { Class: DomainList, id: "domain:list", argv: ["-o", "yaml"] },
])("$id $argv shows and exits as it did with the fleet", async ({ Class, id, argv }) => {
  const seen = await run(Class, id, argv);
  const { file } = await bundled();
  const replayed = await run(Class, id, [...argv, "--from", file]);
  expect({ stdout: replayed.stdout, exit: replayed.exit }).toEqual({ stdout: seen.stdout, exit: seen.exit });
  expect(replayed.stderr).toMatch(/^from \S+: fleet local as it was at \d{4}-/);
});

test("log-level reads the levels from a bundle's status, and changes none there", async () => {
  const seen = await run(LogLevelCommand, "log-level", []);
  const { file } = await bundled();
  const replayed = await run(LogLevelCommand, "log-level", ["--from", file]);
  expect({ stdout: replayed.stdout, exit: replayed.exit }).toEqual({ stdout: seen.stdout, exit: 0 });
  const changing = await run(LogLevelCommand, "log-level", ["n1", "debug", "--from", file]);
  expect(changing.exit).toBe(2);
  expect(changing.stderr).toContain("--from");
});

test("a filter chooses from the bundle; doctor and one frame of top are in it", async () => {
  const { file } = await bundled();
  expect(
    (await run(ClusterList, "cluster:list", ["--prefix", "c2", "-o", "name", "--from", file])).stdout,
  ).toBe("c2\n");
  expect((await run(Doctor, "doctor", ["--from", file])).stdout).toContain("checks passed");
  expect((await run(Top, "top", ["--once", "--from", file])).stdout).toContain("local");
});

test("what no coordinator answered is said when it is made, and when it is asked for", async () => {
  const { file, ran } = await bundled();
  expect(ran.exit).toBe(0);
  expect(ran.stdout).toContain("missing: the list of entries: no leader answered in time");
  expect(ran.stdout).toContain(
    "missing: logs, metrics, fleet.yaml: the fleet's processes are not on this machine",
  );
  const { exit, stderr } = await run(AuditList, "audit:list", ["--from", file]);
  expect(exit).toBe(3);
  expect(stderr).toContain("FLEET_E_NOT_IN_BUNDLE");
  expect(stderr).toContain("no leader answered in time");
});

test("what a bundle says is escaped where it is shown", async () => {
  const { file } = await bundled();
  const { stdout } = await run(ShardList, "shard:list", ["--from", file]);
  expect(stdout).toContain("\\u001b[2J");
  expect(stdout).not.toContain(ESC);
});

test("--anonymize leaves no name", async () => {
  const { file } = await bundled("--anonymize");
  const text = gunzipSync(await readFile(file)).toString("utf8");
  for (const name of ['"s1"', '"c1"', '"c2"', '"local"', "127.0.0.1"]) expect(text).not.toContain(name);
});

test.each([
  { lines: ['{"section":"list","name":"listShards","value":{"shards":7}}'], why: "a list that is none" },
  {
    lines: ['{"section":"list","name":"listShards","value":{"shards":[7,null]}}'],
    why: "rows that are none",
  },
])("a bundle with $why is no bug of fleet's", async ({ lines }) => {
  const head = { kind: "FleetBundle", schemaVersion: 1, at: "now", version: "0", anonymized: false };
  const target = { name: `x${ESC}[2J`, endpoints: [] };
  const file = join(await temporaryFolder(), "hostile.bundle");
  await writeFile(file, gzipSync([JSON.stringify({ ...head, target }), ...lines].join("\n")));
  const { exit, stderr } = await run(ShardList, "shard:list", ["--from", file]);
  expect(exit).toBe(2);
  expect(stderr).toContain("FLEET_E_ARCHIVE_INVALID");
  expect(stderr).not.toContain(ESC);
});

test("logs of a bundle are chosen by process and level, and escaped", async () => {
  const log = (msg: string, level: string, time: string) => JSON.stringify({ level, time, msg });
  const lines = [
    JSON.stringify({
      ...{
        kind: "FleetBundle",
        schemaVersion: 1,
        at: "2026-01-01T00:00:10.000Z",
        version: "0",
        anonymized: false,
      },
      target: { name: "x", endpoints: [] },
    }),
    JSON.stringify({
      ...{ section: "log", process: "n1" },
      lines: [
        log("first", "info", "2026-01-01T00:00:01.000Z"),
        log(`${ESC}[2J`, "warn", "2026-01-01T00:00:03.000Z"),
      ],
    }),
    JSON.stringify({
      section: "log",
      process: "n2",
      lines: [log("other", "warn", "2026-01-01T00:00:02.000Z")],
    }),
  ];
  const file = join(await temporaryFolder(), "a.bundle");
  await writeFile(file, gzipSync(lines.join("\n")));
  const all = await run(Logs, "logs", ["--from", file]);
  expect(all.stdout.split("\n").map((line) => line.slice(26, 28))).toEqual(["n1", "n2", "n1", ""]);
  expect(all.stdout).not.toContain(ESC);
  expect((await run(Logs, "logs", ["n1", "--level", "warn", "--from", file])).stdout).not.toContain("first");
  expect((await run(Logs, "logs", ["--since", "8s", "--from", file])).stdout).not.toContain("first");
  expect((await run(Logs, "logs", ["n9", "--from", file])).exit).toBe(3);
});
