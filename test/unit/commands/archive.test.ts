// `--archive` and `--from`: what is replayed looks, sorts, filters and exits as the read itself did.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import ClusterList from "../../../src/commands/cluster/list.ts";
import LeaderShow from "../../../src/commands/leader/show.ts";
import ShardList from "../../../src/commands/shard/list.ts";
import Status from "../../../src/commands/status.ts";
import { Drift } from "../../../src/core/wire/gen/fleet/v1/views.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import {
  clustersReply,
  clusterView,
  downNode,
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

afterEach(() => vi.clearAllMocks());

const clusters = clustersReply(clusterView("c1", Drift.NONE), clusterView("c2", Drift.ABSENT));
const reads = [
  { Class: Status, id: "status", argv: [], reply: () => client.status.mockResolvedValue(fleet) },
  { Class: LeaderShow, id: "leader:show", argv: [], reply: () => client.status.mockResolvedValue(fleet) },
  {
    Class: ShardList,
    id: "shard:list",
    argv: ["--sort", "-shard"],
    reply: () => client.listShards.mockResolvedValue(shardsReply(shardView("s1"), shardView("s2"))),
  },
  {
    Class: ClusterList,
    id: "cluster:list",
    argv: ["--drift", "--detailed-exitcode"],
    reply: () => client.listClusters.mockResolvedValue(clusters),
  },
];
const fleet = fleetReply([upNode(1), downNode(2)]);

const cases = reads.flatMap((read) =>
  ["table", "wide", "json", "jsonl", "yaml", "name"].map((format) => ({ ...read, format })),
);

test.each(cases)("$id -o $format is replayed as it was", async ({ Class, id, argv, reply, format }) => {
  connect.mockReturnValue(client);
  reply();
  const file = join(await temporaryFolder(), "seen.json");
  const seen = await run(Class, id, [...argv, "-o", format, "--archive", file]);
  expect(seen.stderr).toContain(`archived in ${file}`);
  connect.mockImplementation(() => expect.unreachable("a replay asks no fleet"));
  const replayed = await run(Class, id, [...argv, "-o", format, "--from", file]);
  expect({ stdout: replayed.stdout, exit: replayed.exit }).toEqual({ stdout: seen.stdout, exit: seen.exit });
  expect(replayed.stderr).toMatch(/^from \S+: fleet local as it answered at \d{4}-/);
});

test("an archive holds all that was answered, whatever was shown of it", async () => {
  connect.mockReturnValue(client);
  client.listClusters.mockResolvedValue(clusters);
  const file = join(await temporaryFolder(), "seen.json");
  await run(ClusterList, "cluster:list", ["--drift", "--archive", file]);
  expect((await run(ClusterList, "cluster:list", ["-o", "name", "--from", file])).stdout).toBe("c1\nc2\n");
});

test.each([
  { argv: ["--from", "x", "--endpoints", "h:1"], says: "--endpoints", why: "a replay asks nobody" },
  { argv: ["--archive", "x", "--watch"], says: "--watch", why: "which of the answers?" },
])("$argv is wrong usage: $why", async ({ argv, says }) => {
  const { exit, stderr } = await run(ShardList, "shard:list", argv);
  expect(exit).toBe(2);
  expect(stderr).toContain(says);
});

test("a report that was edited into nonsense is no bug of fleet's", async () => {
  const file = join(await temporaryFolder(), "seen.json");
  const head = { kind: "FleetArchive", schemaVersion: 1, command: "shard list", at: "now", version: "0" };
  await writeFile(file, JSON.stringify({ ...head, target: { name: "x", endpoints: [] }, report: { a: 1 } }));
  const { exit, stderr } = await run(ShardList, "shard:list", ["--from", file]);
  expect(exit).toBe(2);
  expect(stderr).toContain("FLEET_E_ARCHIVE_INVALID");
});
