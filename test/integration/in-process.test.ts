// A local fleet whose coordinators share one process: what works as in any fleet, and what is refused because none of them
// can end alone.

import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processFiles } from "../../src/client/files/layout.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { signalProcess } from "../../src/client/processes/supervisor.ts";
import { TestFleet } from "./local-fleet.ts";

const NODES = ["n1", "n2", "n3"];
let fleet: TestFleet;

beforeAll(async () => {
  fleet = await TestFleet.init("--in-process", "--shards", "1", "--clusters", "1");
});
afterAll(() => fleet.dispose());

/** The pids that the nodes' pid files name. */
async function pids(): Promise<ReadonlySet<string>> {
  const texts = await Promise.all(
    NODES.map((name) => readFile(processFiles(fleet.directory, name).pid, "utf8")),
  );
  return new Set(texts);
}

async function ran(...args: readonly string[]): Promise<string> {
  const { exit, stdout, stderr } = await fleet.run(...args);
  expect([exit, stderr], `fleet ${args.join(" ")}: ${stdout}`).toMatchObject([0, expect.anything()]);
  return stdout;
}

test("three coordinators answer, and one process runs them", async () => {
  expect((await pids()).size).toBe(1);
  // A node may still be catching up when the fleet has committed its first write.
  const areUp = ({ nodes }: FleetStatus) => nodes.every(({ status }) => (status?.leaderId ?? 0) > 0);
  const status = await fleet.untilStatus(await fleet.client(), areUp);
  expect(status.nodes.map(({ name }) => name)).toEqual(NODES);
  await ran("kv", "put", "a", "1");
  expect(await ran("kv", "get", "a")).toContain("1");
  // How it judges a busy machine is not asked here.
  expect((await fleet.run("doctor")).stdout).toContain("checks passed");
  expect(await ran("logs", "n2", "--tail", "200")).toContain("coordinator listens");
});

test.each([
  { line: "drill run kill-leader --yes", code: "DRILL_NOT_POSSIBLE" },
  { line: "drill run pause-leader --yes", code: "DRILL_NOT_POSSIBLE" },
  { line: "drill run rolling-restart --yes", code: "DRILL_NOT_POSSIBLE" },
  { line: "drill run lose-disk --yes", code: "DRILL_NOT_POSSIBLE" },
  { line: "drill run failing-disk --yes", code: "DRILL_NOT_POSSIBLE" },
  { line: "member add n4", code: "SHARED_PROCESS" },
  { line: "member remove n3 --yes", code: "SHARED_PROCESS" },
  { line: "member replace n3 --with n4 --yes", code: "SHARED_PROCESS" },
  { line: "member rebuild n3 --yes", code: "SHARED_PROCESS" },
])("fleet $line is refused, and says that the process is shared", async ({ line, code }) => {
  const { exit, stdout } = await fleet.run(...line.split(" "), "--json");
  expect(exit).toBe(9);
  expect(stdout).toContain(code);
  expect(stdout).toContain("one process");
  expect((await pids()).size).toBe(1);
});

test("a node's process is not signalled for it alone", async () => {
  await expect(fleet.kill("n1")).rejects.toMatchObject({ code: "SHARED_PROCESS" });
  await expect(fleet.pause("n1")).rejects.toMatchObject({ code: "SHARED_PROCESS" });
});

test("a fault inside one coordinator is one of that coordinator alone", async () => {
  const report = await ran(
    ...["drill", "run", "partition", "--yes", "--before", "300ms", "--after", "300ms", "--json"],
  );
  expect(JSON.parse(report)).toMatchObject({ measured: { lost: 0, duplicated: 0 } });
});

test("fleet down stops it, fleet up starts it with its data, and so does it after a crash", async () => {
  await ran("kv", "put", "a", "1");
  // The coordinators' one, the shard's and the agents'.
  expect(await ran("down")).toContain("stopped 3 processes");
  expect(await ran("up")).toContain("fleet drill run partition");
  expect(await ran("kv", "get", "a")).toContain("1");
  const { processes } = await fleet.deps();
  await signalProcess(processFiles(fleet.directory, "n2").pid, "SIGKILL", processes);
  await ran("up");
  expect(await ran("kv", "get", "a")).toContain("1");
  expect((await pids()).size).toBe(1);
});
