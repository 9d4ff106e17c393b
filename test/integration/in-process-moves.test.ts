// A fleet in one process is recovered from one data folder of three, grows again, and moves to etcd and back. Nothing that was
// acknowledged is lost (ADR-0075).

import { readFile, rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { processFiles } from "../../src/client/files/layout.ts";
import { TestFleet } from "./local-fleet.ts";
import { lacksEtcd, RealEtcd } from "./real-etcd.ts";

const IN_PROCESS = "inProcess: true\n";
let fleet: TestFleet;
let written = 0;

beforeAll(async () => {
  fleet = await TestFleet.init("--in-process");
});
afterAll(() => fleet.dispose());

async function ran(...args: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await fleet.run(...args);
  expect([exit, stderr], `fleet ${args.join(" ")}: ${stdout}`).toMatchObject([0, expect.anything()]);
  return stdout;
}

/** Writes one more probe, and reads all that were acknowledged. */
const writesAndKeeps = () =>
  fleet.withClient(async (client) => {
    written += 1;
    const operation = { kind: { $case: "recordProbe", value: { drillId: "m", number: written } } } as const;
    await client.submit(operation, { deadlineMs: 30_000 });
    const { probes } = await client.listProbes("m", { deadlineMs: 30_000 });
    expect(probes.map(({ number, applications }) => [Number(number), applications])).toEqual(
      Array.from({ length: written }, (_, at) => [at + 1, 1]),
    );
  });

const processesOf = async (...names: readonly string[]) => {
  const pid = (name: string) => readFile(processFiles(fleet.directory, name).pid, "utf8");
  return new Set(await Promise.all(names.map(pid))).size;
};

test("recovered from one folder of three, it keeps what it had, and says how it grows", async () => {
  await writesAndKeeps();
  await ran("down");
  for (const name of ["n2", "n3"]) await rm(processFiles(fleet.directory, name).folder, { recursive: true });
  const report = JSON.parse(await ran("recover", "--force-new-cluster", "--yes", "--json"));
  expect(report.next).toEqual([
    expect.stringContaining('remove "inProcess: true"'),
    "fleet member add n2 --wait",
    "fleet member add n3 --wait",
    expect.stringContaining("in one process again"),
  ]);
  await ran("up");
  await writesAndKeeps();
});

test("with these steps it has three coordinators in one process again", async () => {
  await ran("down");
  await fleet.edit((text) => text.replace(IN_PROCESS, ""));
  await ran("up");
  for (const name of ["n2", "n3"]) await ran("member", "add", name, "--wait");
  expect(await processesOf("n1", "n2", "n3")).toBe(3);
  await ran("down");
  await fleet.edit((text) => text.replace("nodes:\n", `${IN_PROCESS}nodes:\n`));
  await ran("up");
  expect(await processesOf("n1", "n2", "n3")).toBe(1);
  await writesAndKeeps();
});

describe.skipIf(lacksEtcd())("fleet engine migrate", () => {
  let etcd: RealEtcd;
  beforeAll(async () => {
    etcd = await RealEtcd.start();
  });
  afterAll(() => etcd.dispose());

  test.each([
    { to: "etcd", why: "its coordinators still share one process" },
    { to: "embedded", why: "and so they do on the way back" },
  ])("moves it to $to: $why", async ({ to }) => {
    const place = to === "etcd" ? ["--etcd", etcd.address] : [];
    const report = await ran("engine", "migrate", "--to", to, ...place, "--yes", "--json");
    expect(JSON.parse(report)).toMatchObject({ state: "moved", to, stateHash: expect.any(String) });
    expect(await processesOf("n1", "n2", "n3")).toBe(1);
    await writesAndKeeps();
  });
});
