// `fleet shard adopt`: with --wait it ends when the shard obeys.

import { afterEach, expect, test, vi } from "vitest";
import ShardAdopt from "../../../src/commands/shard/adopt.ts";
import { present } from "../../../src/core/base/assert.ts";
import { shardsReply, shardView } from "../ui/model/fixtures.ts";
import { client } from "./fake-client.ts";
import { run } from "./harness.ts";

vi.mock("../../../src/client/fleet-client.ts", async () => (await import("./fake-client.ts")).fleetClient);
vi.mock(
  "../../../src/client/context/resolve-target.ts",
  async () => (await import("./fake-client.ts")).resolving,
);
afterEach(() => {
  vi.clearAllMocks();
});

const other = { id: "another", epoch: 2, term: 3 };
const observed = present(shardView("s1").observed, "it has reported");
const disobeying = shardsReply(shardView("s1", { observed: { ...observed, other } }));
const obeying = shardsReply(shardView("s1"));
const adopt = (...more: readonly string[]) => {
  client.submit.mockResolvedValue({ index: 12, term: 3, changed: true, version: 1, summary: "" });
  return run(ShardAdopt, "shard:adopt", ["s1", "--yes", ...more]);
};

test("--wait ends with a report that obeys", async () => {
  client.listShards.mockResolvedValueOnce(disobeying).mockResolvedValue(obeying);
  const { stdout, stderr, exit } = await adopt("--wait");
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "shard s1 obeys this fleet\n" });
  expect(stdout).toContain("gets the instruction to obey this fleet with the answer to its next report");
});

test("--wait --timeout ends with 6, and the order stays", async () => {
  client.listShards.mockResolvedValue(disobeying);
  const { stdout, exit } = await adopt("--wait", "--timeout", "1ms", "--json");
  expect(exit).toBe(6);
  expect(JSON.parse(stdout)).toMatchObject({ changed: true, error: { code: "FLEET_E_SHARD_DISOBEYS" } });
});

test("without --wait it looks once", async () => {
  client.listShards.mockResolvedValue(disobeying);
  expect(await adopt()).toMatchObject({ exit: 0, stderr: "" });
  expect(client.listShards).toHaveBeenCalledTimes(1);
});

test("of a shard that obeys nothing is written, and nothing is waited for", async () => {
  client.listShards.mockResolvedValue(obeying);
  expect((await adopt("--wait")).stdout).toContain("shard s1 obeys this fleet");
  expect(client.submit).not.toHaveBeenCalled();
});
