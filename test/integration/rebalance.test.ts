// Advice from what shards report to a real coordinator, carried out and undone again with the built program.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { InstructionOutcome } from "../../src/core/wire/gen/fleet/v1/command.ts";
import {
  ReportShardRequest,
  type ReportShardResponse,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { CoordinatorCluster } from "./coordinator-cluster.ts";
import { bindCluster } from "./fleet-writes.ts";
import type { Ran } from "./local-fleet.ts";
import { RunningCommand } from "./running-command.ts";

const DEADLINE = { deadlineMs: 60_000 };

let cluster: CoordinatorCluster;
let client: FleetClient;
let directory: string;

beforeAll(async () => {
  directory = await makeFolder();
  cluster = await CoordinatorCluster.start({ size: 1, snapshotEvery: 1_000 });
  client = cluster.client();
});
afterAll(async () => {
  await cluster.dispose();
  await removeFolder(directory);
});

let cycle = 0;

/** One report of a shard that keeps what it was told and accepts every instruction at the next report. */
async function report(shardId: string, told: object): Promise<ReportShardResponse> {
  cycle += 1;
  const { client: leader } = await cluster.leader();
  const place = { shardId, address: `${shardId}:1`, epoch: 1, region: "eu", cycle };
  const request = ReportShardRequest.fromPartial({ ...place, ...told });
  return await unary(leader.reportShard.bind(leader), request, { endMs: performance.now() + 60_000 });
}

async function reportAll(cycleMs: number): Promise<void> {
  const bindings = ["c1", "c2"].map((clusterId) => {
    return { clusterId, state: BindingState.BOUND, version: 0, session: true };
  });
  const shortfall = { deficit: { machines: 3 }, priority: 7, ageCycles: 9 };
  const rack = { key: "rack", value: "r1", machinesListed: 36 };
  const shards = {
    s1: {
      bindings,
      summary: { machinesTotal: 4, machinesFree: 0, cycleMs, domains: [{ ...rack, machinesFree: 0 }] },
      shortfalls: [
        { ...shortfall, clusterId: "c1", requirements: { rack: "r1" } },
        { ...shortfall, clusterId: "c2", requirements: { rack: "r9" }, sameDomain: true },
      ],
    },
    s2: {
      bindings: [],
      summary: { machinesTotal: 40, machinesFree: 40, cycleMs, domains: [{ ...rack, machinesFree: 36 }] },
    },
  };
  for (const [shardId, told] of Object.entries(shards)) {
    const { domainInstructions } = await report(shardId, told);
    const outcome = InstructionOutcome.ACCEPTED;
    const acks = domainInstructions.map(({ key, value, sequence }) => ({ key, value, sequence, outcome }));
    await report(shardId, { ...told, acks });
  }
}

const owner = async () => {
  const { domains } = await client.listDomains({ filter: { key: "rack" }, ...DEADLINE });
  return domains.map(({ value, shardId }) => `${value} ${shardId}`);
};

const program = fileURLToPath(new URL("../../bin/run.js", import.meta.url));

function fleet(...args: readonly string[]): Promise<Ran> {
  return new RunningCommand(program, [...args, ...cluster.flags], directory, process.env).ended();
}

test("advice, plan, apply, apply again, roll back", async () => {
  await reportAll(10_000);
  for (const each of ["c1", "c2"]) await client.submit(bindCluster(each, "s1"), DEADLINE);
  const value = { key: "rack", value: "r1", shardId: "s2" };
  await client.submit({ kind: { $case: "assignDomain", value } }, DEADLINE);
  await reportAll(10_000);

  // Within the cooldown nothing is proposed, and the reasons are told.
  const early = await fleet("rebalance", "plan");
  expect(early).toMatchObject({ exit: 9, stdout: expect.stringContaining("and stays there for 80 s") });

  // Eight cycles of a millisecond are over by now.
  await reportAll(1);
  const advice = await fleet("rebalance", "plan");
  expect(advice.stderr).toBe("");
  expect(advice.exit).toBe(0);
  expect(advice.stdout).toMatch(
    /# s1 lacks 3 machines for c1 \(rack=r1, priority 7, for 9 cycles\); rack=r1 has 36, which are idle at s2/,
  );
  expect(advice.stdout).toContain(
    "# considered, and not proposed:\n#   c2 at s1 (rack=r9): all of it must be",
  );
  const plan = join(directory, "plan.yaml");
  await writeFile(plan, advice.stdout);
  expect(await owner()).toEqual(["r1 s2"]);

  const preview = await fleet("rebind", "apply", plan, "--dry-run");
  expect(preview).toMatchObject({ exit: 0, stdout: expect.stringContaining("1 domain: 1 to move") });
  expect(await owner()).toEqual(["r1 s2"]);

  const done = expect.stringContaining("1 domain: 1 where the plan has them");
  expect(await fleet("rebind", "apply", plan, "--yes", "--reason", "advice")).toMatchObject({
    exit: 0,
    stdout: done,
  });
  expect(await owner()).toEqual(["r1 s1"]);
  expect(await fleet("rebind", "apply", plan, "--yes")).toMatchObject({ exit: 0, stdout: done });
  expect(await fleet("rebind", "rollback", plan)).toMatchObject({ exit: 0, stdout: done });
  expect(await owner()).toEqual(["r1 s2"]);

  // The row has another version by now: the plan is old, and moves nothing.
  const old = await fleet("rebind", "apply", plan, "--yes", "--json");
  expect(old.exit).toBe(9);
  expect(JSON.parse(old.stdout)).toMatchObject({
    domains: [{ value: "r1", result: "blocked", why: expect.stringContaining("VERSION_CONFLICT") }],
  });
  expect(await owner()).toEqual(["r1 s2"]);
});

test("a leader that has not heard every shard advises only when asked to", async () => {
  const node = await cluster.leader();
  await cluster.kill(node);
  await cluster.start(node);
  await cluster.leader();
  const refused = await fleet("rebalance", "plan");
  expect(refused).toMatchObject({ exit: 9, stderr: expect.stringContaining("FLEET_E_REPORTS_INCOMPLETE") });
  const partial = await fleet("rebalance", "plan", "--partial");
  expect(partial.stdout).toContain("# the leader had not heard every shard");
});
