// A node that lost its disk (ADR-0002). It does not vote before the log has taken it back, gets its state through a
// snapshot, and is a voter again at the end. The only replica of a fleet says that its data is lost.

import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { processFiles } from "../../src/client/files/layout.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import type { NodeStatus } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { Admission, Role } from "../../src/core/wire/gen/fleet/v1/views.ts";
import { verdictLines } from "../../src/ui/model/fleet-verdict.ts";
import { areEqual, type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";
import { TestFleet } from "./local-fleet.ts";

// Logs keep a thousand entries behind a snapshot: with more than that, a newcomer can't be served by the log alone.
const WRITES = 1_300;

let cluster: CoordinatorCluster;
let client: FleetClient;
let written = 0;

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 100 });
  client = cluster.client();
  await write(WRITES);
});
afterAll(() => cluster.dispose());

test("a wiped follower is taken in again through a snapshot and votes again", async () => {
  const wiped = otherThan(await cluster.leader());
  await cluster.kill(wiped);
  await cluster.wipe(wiped);
  // Cut off, so that it waits to be let in for as long as it takes to look.
  for (const wire of cluster.wires(wiped)) wire.cut();
  await cluster.start(wiped);
  await cluster.until(([own]) => own?.admission !== Admission.MEMBER, [wiped]);
  const shown = async () => {
    const fleet = await client.status();
    return { verdict: fleet.verdict, said: verdictLines(fleet).map(({ text }) => text) };
  };
  const said = expect.arrayContaining([expect.stringMatching(`^${wiped.name} .* has no data`)]);
  await expect.poll(shown).toEqual({ verdict: "degraded", said });
  for (const wire of cluster.wires(wiped)) wire.heal();
  const statuses = await cluster.until(isWhole);
  await cluster.until(([own]) => own?.admission === Admission.MEMBER, [wiped]);
  const own = of(statuses, wiped);
  expect(own.firstIndex).toBeGreaterThan(WRITES / 2);
  expect(own.role).toBe(Role.FOLLOWER);
  await expectAllWritten();
});

test("nor does it matter that the leader's snapshot has rotted since: another is made", async () => {
  const leader = await cluster.leader();
  const wiped = otherThan(leader);
  await cluster.kill(wiped);
  await cluster.wipe(wiped);
  const folder = join(leader.data, "snap");
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name));
    await writeFile(join(folder, name), bytes.fill(1, bytes.length >> 1, (bytes.length >> 1) + 1));
  }
  await cluster.start(wiped);
  const statuses = await cluster.until(isWhole);
  await cluster.until(([own]) => own?.admission === Admission.MEMBER, [wiped]);
  expect(of(statuses, leader).role).toBe(Role.LEADER);
  await expectAllWritten();
});

test("a wiped leader is taken in again while another leads", async () => {
  const wiped = await cluster.leader();
  await cluster.kill(wiped);
  await cluster.wipe(wiped);
  const survivors = cluster.nodes.filter((node) => node !== wiped);
  await cluster.leader(survivors);
  await cluster.start(wiped);
  await write(20);
  await cluster.until(isWhole);
  await expectAllWritten();
});

test("without the others' quorum a wiped node helps nobody to lead, and with it comes back", async () => {
  const leader = await cluster.leader();
  const wiped = otherThan(leader);
  const down = otherThan(leader, wiped);
  await cluster.kill(wiped);
  await cluster.kill(down);
  await cluster.wipe(wiped);
  await cluster.start(wiped);
  // By now the survivor has stepped down, and it asks the wiped node for its vote again and again.
  await cluster.until(([alone]) => alone?.role === Role.PRE_CANDIDATE, [leader]);
  const refused = await client.submit(probe(0), { deadlineMs: 3_000 }).catch((error: Error) => error);
  expect(refused).toMatchObject({ code: expect.stringMatching(/^(UNAVAILABLE|OUTCOME_UNKNOWN)$/) });
  const during = await cluster.until(() => true, [leader, wiped]);
  expect(during.map((node) => node.leaderId)).toEqual([0, 0]);
  expect(of(during, wiped).lastIndex).toBe(0);

  await cluster.start(down);
  await cluster.until(isWhole);
  await expectAllWritten();
});

test("lost while it was being taken in, it is taken in from the start", async () => {
  const leader = await cluster.leader();
  const wiped = otherThan(leader);
  await cluster.kill(wiped);
  await cluster.wipe(wiped);
  await cluster.start(wiped);
  await cluster.until(([half]) => (half?.lastIndex ?? 0) > 0, [wiped]);
  await cluster.kill(wiped);
  await cluster.wipe(wiped);
  await cluster.start(wiped);
  await cluster.until(isWhole);
  await expectAllWritten();
});

let fleet: TestFleet | null = null;
afterEach(() => fleet?.dispose());

test("the only node of a fleet refuses to start without its data", async () => {
  fleet = await TestFleet.init("--nodes", "1");
  const { data, log } = processFiles(fleet.directory, "n1");
  await fleet.kill("n1");
  await rm(data, { recursive: true });
  const started = await fleet.run("up", "--json");
  expect(started.exit).not.toBe(0);
  expect(await readFile(log, "utf8")).toContain("DATA_LOST");
});

test("with most disks lost, up and status say who waits to be let in", async () => {
  fleet = await TestFleet.init();
  for (const node of ["n2", "n3"]) {
    await fleet.kill(node);
    await rm(processFiles(fleet.directory, node).data, { recursive: true });
  }
  const up = await fleet.run("up");
  expect(up.exit).toBe(5);
  expect(up.stderr).toContain("n2, n3 have no data and wait for a leader to admit them");
  expect(up.stderr).toContain("QUORUM_LOST");
  const status = await fleet.run("status");
  expect(status.exit).toBe(5);
  for (const node of ["n2", "n3"]) {
    expect(status.stdout).toMatch(
      new RegExp(`${node} \\(.*\\) has no data, and waits for a leader to admit it`),
    );
  }
});

/** Whether all hold the same state and every node votes. */
function isWhole(statuses: readonly NodeStatus[]): boolean {
  return areEqual(statuses) && statuses.every(({ members }) => countVoters(members) === 3);
}

function countVoters(members: NodeStatus["members"]): number {
  return members.filter((member) => !member.learner).length;
}

function probe(number: number) {
  return { kind: { $case: "recordProbe", value: { drillId: "d", number } } } as const;
}

async function write(count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, at) => written + at + 1);
  written += count;
  await Promise.all(numbers.map((number) => client.submit(probe(number), { deadlineMs: 30_000 })));
}

async function expectAllWritten(): Promise<void> {
  const { probes } = await client.listProbes("d");
  const seen = new Map(probes.map((row) => [row.number, row.applications]));
  for (let number = 1; number <= written; number += 1) expect(seen.get(number)).toBe(1);
}

function of(statuses: readonly NodeStatus[], node: ClusterNode): NodeStatus {
  return present(
    statuses.find((status) => status.nodeId === node.id),
    "the node answers",
  );
}

function otherThan(...taken: readonly ClusterNode[]): ClusterNode {
  return present(
    cluster.nodes.find((node) => !taken.includes(node)),
    "there are three nodes",
  );
}
