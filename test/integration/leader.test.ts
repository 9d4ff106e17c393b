// Leadership handed over by command, under writes: to the best successor, to a named node, and never without a successor.

import { afterAll, beforeAll, expect, test } from "vitest";
import { SteadyWriter } from "../../src/client/drill/steady-writer.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { judgeWrites } from "../../src/core/drill/verdict.ts";
import { leaderOf, TestFleet } from "./local-fleet.ts";

const PATIENTLY = ["--timeout", "60s", "--json"];

let fleet: TestFleet;
let client: FleetClient;

beforeAll(async () => {
  fleet = await TestFleet.init("--nodes", "3", "--profile", "wan");
  client = await fleet.client();
});
afterAll(() => fleet.dispose());

const leader = async () =>
  leaderOf(await fleet.untilStatus(client, (status) => status.agreed && status.leader !== null));

test("leader show names the node that leads", async () => {
  const name = await leader();
  const shown = async (form: string) => (await fleet.run("leader", "show", "-o", form)).stdout;
  await expect.poll(() => shown("name")).toBe(`${name}\n`);
  await expect.poll(async () => JSON.parse(await shown("json"))).toMatchObject({ name });
});

test("under writes leadership goes where it is sent, and loses nothing", async () => {
  const { writer, acknowledged } = startWriter("transfer");
  for (const to of ["auto", "named", "auto"]) {
    const before = await leader();
    const other = present(
      ["n1", "n2", "n3"].find((name) => name !== before),
      "there are other nodes",
    );
    const flags = to === "auto" ? [] : ["--to", other];
    const ran = await fleet.run("leader", "transfer", ...flags, "--reason", "rehearsal", ...PATIENTLY);
    expect(ran, ran.stderr).toMatchObject({ exit: 0 });
    const after = await leader();
    expect(after).not.toBe(before);
    if (to === "named") expect(after).toBe(other);
    const seen = acknowledged();
    await expect.poll(acknowledged).toBeGreaterThan(seen);
  }
  const writes = await writer.stop();
  const { probes } = await client.listProbes("transfer");
  expect(judgeWrites(writes, probes)).toMatchObject({ lost: [], duplicated: [], unexpected: [] });
  const audit = await client.listAudit();
  const noted = audit.entries.filter((entry) => entry.what.startsWith("hand leadership from "));
  expect(noted).toHaveLength(3);
  expect(noted[0]).toMatchObject({ actor: "fleet://admin", reason: "rehearsal" });
});

test("a node that is told to step down does not lead; told again, it changes nothing", async () => {
  const name = await leader();
  const first = await fleet.run("leader", "step-down", "--node", name, ...PATIENTLY);
  expect(JSON.parse(first.stdout)).toMatchObject({ changed: true });
  expect(await leader()).not.toBe(name);
  const again = await fleet.run("leader", "step-down", "--node", name, ...PATIENTLY);
  expect(JSON.parse(again.stdout)).toMatchObject({ changed: false });
});

test("a dry run names the successor and leaves the leader", async () => {
  const name = await leader();
  const ran = await fleet.run("leader", "transfer", "--dry-run", "--json");
  expect(JSON.parse(ran.stdout)).toMatchObject({ dryRun: true, changed: true });
  expect(await leader()).toBe(name);
});

test("an unknown node is refused, and the leader leads on", async () => {
  const name = await leader();
  const ran = await fleet.run("leader", "transfer", "--to", "n9");
  expect(ran.exit).toBe(3);
  expect(ran.stderr).toContain("FLEET_E_MEMBER_UNKNOWN");
  expect(await leader()).toBe(name);
});

function startWriter(drillId: string) {
  const writer = new SteadyWriter(client, {
    drillId,
    rate: 50,
    now: () => performance.now(),
    onEvent: () => undefined,
  });
  return { writer, acknowledged: () => writer.acknowledged };
}
