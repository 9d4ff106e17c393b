// Reads of a real cluster whose quorum is gone: refused by default, and answered by who is left when asked for.

import { afterEach, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { ListRequest } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { CoordinatorCluster } from "./coordinator-cluster.ts";
import { bindCluster, registerShard } from "./fleet-writes.ts";
import { program } from "./local-fleet.ts";
import { RunningCommand } from "./running-command.ts";

const DEADLINE = { deadlineMs: 60_000 };

let cluster: CoordinatorCluster;
afterEach(() => cluster.dispose());

function fleet(...argv: string[]) {
  const env = { ...process.env, HOME: "/nonexistent" };
  return new RunningCommand(program, [...argv, ...cluster.flags], "/", env).ended();
}

test("with two of three nodes dead the third shows the declared map when an old one will do, and says whose it is", async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 100_000 });
  const client = cluster.client();
  await client.submit(registerShard("s1"), DEADLINE);
  const { index } = await client.submit(bindCluster("c1", "s1"), DEADLINE);
  const healthy = await client.listClusters({ consistency: { $case: "maxStalenessMs", value: 60_000 } });
  expect(healthy.stamp, "of those that may answer the leader is preferred").toMatchObject({ leads: true });
  const survivor = present(cluster.nodes[2], "there are three nodes");
  await cluster.until((statuses) => statuses.every(({ appliedIndex }) => appliedIndex >= index));
  // Long enough for the survivor to have heard of it by itself.
  const request = ListRequest.fromPartial({ consistency: { $case: "stale", value: {} } });
  const ask = () =>
    unary(survivor.client.listDomains.bind(survivor.client), request, { endMs: performance.now() + 10_000 });
  await expect.poll(async () => (await ask()).stamp?.ageMs).toBeDefined();
  for (const node of cluster.nodes) if (node !== survivor) await cluster.kill(node);

  const refused = await fleet("cluster", "list", "--max-staleness", "1ms");
  expect(refused.exit).toBe(5);
  expect(refused.stderr).toContain("FLEET_E_TOO_STALE");
  for (const how of [["--stale"], ["--max-staleness", "1h"]]) {
    const { exit, stdout } = await fleet("cluster", "list", ...how);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/c1 +s1/);
    expect(stdout).toContain(`this may be old: ${survivor.name} answered, at index`);
    expect(stdout).toContain("shards report to the leader only");
  }
  expect((await fleet("cluster", "list")).exit, "by default nothing old is shown").not.toBe(0);
});
