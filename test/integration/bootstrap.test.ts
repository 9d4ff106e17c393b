import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { TestFleet } from "./local-fleet.ts";

let fleet: TestFleet;
afterEach(() => fleet.dispose());

test("init makes a healthy three-node fleet; again it is a no-op; down and up keep everything", async () => {
  fleet = await TestFleet.init();
  // It ends when a quorum has a leader; the third node may hear of it a heartbeat later.
  const status = async () => JSON.parse((await fleet.run("status", "--json")).stdout);
  await expect.poll(status).toMatchObject({ verdict: "healthy", hashesAgree: true, agreed: true });
  expect((await fleet.run("status")).exit).toBe(0);

  const yaml = await readFile(join(fleet.directory, "fleet.yaml"), "utf8");
  const again = await fleet.run("init", "--json");
  expect(JSON.parse(again.stdout)).toMatchObject({ outcome: "already-running" });

  const client = await fleet.client();
  const written = await client.submit({ kind: { $case: "recordProbe", value: { drillId: "d", number: 1 } } });
  expect((await fleet.run("down")).exit).toBe(0);
  expect((await fleet.run("status")).exit).toBe(5);
  const started = await fleet.run("init", "--json");
  expect(JSON.parse(started.stdout)).toMatchObject({ outcome: "started" });
  expect(await readFile(join(fleet.directory, "fleet.yaml"), "utf8")).toBe(yaml);

  const reopened = await fleet.client();
  const { probes, stamp } = await reopened.listProbes("d");
  expect(probes).toMatchObject([{ number: 1, applications: 1 }]);
  expect(stamp?.index).toBeGreaterThanOrEqual(written.index);
});

test("destroy asks for the name, and with --yes leaves nothing", async () => {
  fleet = await TestFleet.init("--nodes", "1", "--name", "mine");
  const refused = await fleet.run("destroy");
  expect(refused.exit).toBe(2);
  expect(await readdir(fleet.directory)).toContain("fleet.yaml");
  expect((await fleet.run("destroy", "--yes")).exit).toBe(0);
  expect(await readdir(fleet.home)).not.toContain(".fleet");
});
