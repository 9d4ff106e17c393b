// Our coordinators with three real etcds as their log (ADR-0054). An etcd node, etcd's leader or the leading
// coordinator ends, and the tests look for what is lost or repeated. Where no etcd is installed the tests show as
// skipped.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SteadyWriter } from "../../src/client/drill/steady-writer.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { judgeWrites } from "../../src/core/drill/verdict.ts";
import { EtcdCluster } from "./etcd-cluster.ts";
import { TestFleet } from "./local-fleet.ts";
import { lacksEtcd } from "./real-etcd.ts";

describe.skipIf(lacksEtcd())("coordinators on etcd", () => {
  let etcd: EtcdCluster;
  let fleet: TestFleet;
  beforeAll(async () => {
    etcd = await EtcdCluster.start();
    fleet = await TestFleet.init("--engine", "etcd", "--etcd", etcd.addresses.join(","));
  });
  afterAll(async () => {
    await fleet?.dispose();
    await etcd?.dispose();
  });

  test("an etcd node and etcd's leader die under writes: none is lost or repeated", async () => {
    const client = await fleet.client();
    let acknowledged = 0;
    const writer = new SteadyWriter(client, {
      drillId: "etcd-nodes",
      rate: 50,
      now: () => performance.now(),
      onEvent: ({ kind }) => {
        if (kind === "acknowledged") acknowledged += 1;
      },
    });
    const more = async () => {
      const before = acknowledged;
      await expect.poll(() => acknowledged).toBeGreaterThan(before + 10);
    };
    await more();
    const leader = await etcd.leader();
    for (const victim of [(leader + 1) % 3, leader]) {
      await etcd.killMember(victim);
      await more();
      etcd.startMember(victim);
      await more();
    }
    const writes = await writer.stop();
    const { probes } = await client.listProbes("etcd-nodes");
    expect(judgeWrites(writes, probes)).toMatchObject({ lost: [], duplicated: [], unexpected: [] });
    const still = await fleet.untilStatus(client, isStill);
    expect(still.nodes.map(({ status }) => status?.etcdEngine?.prefix)).toEqual(
      Array(3).fill("/fleet/local"),
    );
  });

  test("the drill kills the leading coordinator, and judges that nothing was lost or repeated", async () => {
    const drill = await fleet.run(
      "drill",
      "kill-leader",
      "--yes",
      "-o",
      "json",
      "--slo",
      "lost=0,duplicated=0",
      "--before",
      "1s",
      "--after",
      "1s",
    );
    expect(drill).toMatchObject({ exit: 0 });
    expect(JSON.parse(drill.stdout)).toMatchObject({ verdict: "pass" });
  });

  test("what only Raft among the coordinators has is refused with the reason", async () => {
    expect(await fleet.run("member", "remove", "n3")).toMatchObject({
      exit: 9,
      stderr: expect.stringContaining("FLEET_E_ENGINE_IS_ETCD"),
    });
    expect(await fleet.run("recover")).toMatchObject({
      exit: 9,
      stderr: expect.stringContaining("recovery n/a"),
    });
    expect((await fleet.run("status")).stdout).toContain("log in etcd at");
  });
});

/** All have applied the same, and nothing is under way. */
function isStill({ nodes, hashesAgree }: FleetStatus): boolean {
  const applied = new Set(nodes.map(({ status }) => status?.appliedIndex));
  const hashes = new Set(nodes.map(({ status }) => status?.stateHash));
  return hashesAgree === true && applied.size === 1 && hashes.size === 1 && !applied.has(undefined);
}
