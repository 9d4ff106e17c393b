// A fleet of three that loses two for good, by real processes. The survivor was away when the others continued. So it
// lacks acknowledged writes, and a term that the shards have heard. What is left says so, and a new cluster grows
// from it that has everything it held. Shards and agents run all the time, and a member of the old cluster is
// refused.

import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fleetFilePath, holderTls, processFiles, removedFolder } from "../../src/client/files/layout.ts";
import { loadLocalFleet } from "../../src/client/files/local-fleet.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { present } from "../../src/core/base/assert.ts";
import { reservePorts } from "../reserved-ports.ts";
import { leaderOf, program, type Ran, runNode, TestFleet } from "./local-fleet.ts";
import { TestTerminal } from "./terminal.ts";

const PRELOAD = new URL("fault-preload.ts", import.meta.url).href;
const HELD = 20;
const LOST = 5;
const FORCE = ["recover", "--force-new-cluster"] as const;

let fleet: TestFleet;
let formerId: string;
let survivorAddress: string;
let kept: string;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "2", "--clusters", "2");
  const { file } = await loadLocalFleet(fleet.directory);
  formerId = file.clusterId;
  survivorAddress = present(file.nodes[0], "n1 is there").address;
  kept = join(fleet.home, "kept");
});
afterAll(() => fleet.dispose());

function write(from: number, through: number): Promise<void> {
  return fleet.withClient(async (client) => {
    for (let number = from; number <= through; number += 1) {
      const operation = { kind: { $case: "recordProbe", value: { drillId: "r", number } } } as const;
      await client.submit(operation, { deadlineMs: 30_000 });
    }
  });
}

async function applications(): Promise<number[]> {
  const { probes } = await fleet.withClient((client) => client.listProbes("r", { deadlineMs: 20_000 }));
  return probes.map((probe) => probe.applications);
}

const until = (wanted: (status: FleetStatus) => boolean): Promise<FleetStatus> =>
  fleet.withClient((client) => fleet.untilStatus(client, wanted));

/** Every cluster is served where the leader of now believes it: it has heard both shards. */
async function untilObserved(): Promise<void> {
  const inSync = async () => {
    const { clusters } = await fleet.withClient((client) => client.listClusters({ deadlineMs: 20_000 }));
    return clusters.filter(({ observed }) => observed.some((row) => row.session)).length;
  };
  await expect.poll(inSync).toBe(2);
}

async function ok(...args: readonly string[]): Promise<Ran> {
  const ran = await fleet.run(...args);
  expect(ran, ran.stderr + ran.stdout).toMatchObject({ exit: 0 });
  return ran;
}

describe("while it is whole", () => {
  test("a fleet that runs is not looked into, and not recovered", async () => {
    await write(1, HELD);
    await untilObserved();
    await until(({ nodes }) => nodes.every((node) => node.lag === 0));
    const looked = await fleet.run("recover", "--json");
    expect(looked.exit).toBe(9);
    expect(JSON.parse(looked.stdout)).toMatchObject({ kind: "RecoveryDiagnosis", verdict: "running" });
    const forced = await fleet.run(...FORCE, "--yes");
    expect(forced.exit).toBe(9);
    expect(forced.stderr).toContain("FLEET_E_FLEET_RUNS");
  });
});

describe("with one node of three left", () => {
  test("the others go on without it, in terms and with writes that it does not know", async () => {
    await fleet.kill("n1");
    // Twice a new term that n1 does not know.
    for (const _ of [1, 2]) {
      await until(({ leader }) => leader !== null && leader !== 1);
      await fleet.run("leader", "step-down", "--timeout", "20s");
    }
    await write(HELD + 1, HELD + LOST);
    await untilObserved();
    for (const name of ["n2", "n3"]) await fleet.kill(name);
  });

  test("as long as the others are whole they are a quorum, and nothing is recovered", async () => {
    const looked = await ok("recover", "--json");
    const found = JSON.parse(looked.stdout);
    expect(found).toMatchObject({ verdict: "quorum", quorumNeeded: 2, present: ["n1", "n2", "n3"] });
    expect(found.furthest).not.toBe("n1");
    const forced = await fleet.run(...FORCE, "--yes");
    expect(forced.exit).toBe(9);
    expect(forced.stderr).toContain("FLEET_E_QUORUM_IS_THERE");
    expect(forced.stderr).toContain("start them: fleet up");
  });

  test("when they are gone it says what is known and what can't be", async () => {
    await cp(processFiles(fleet.directory, "n2").data, kept, { recursive: true });
    for (const name of ["n2", "n3"]) {
      await rm(processFiles(fleet.directory, name).folder, { recursive: true });
    }
    const looked = await fleet.run("recover", "--json");
    expect(looked.exit).toBe(5);
    const found = JSON.parse(looked.stdout);
    expect(found).toMatchObject({ verdict: "no-quorum", furthest: "n1", present: ["n1"] });
    expect(found.nodes.map((node: { state: string }) => node.state)).toEqual(["whole", "missing", "missing"]);
    const { fromIndex, throughIndex } = found.consequences.mayBeLost;
    expect([Number(fromIndex), throughIndex]).toEqual([Number(found.nodes[0].lastIndex) + 1, null]);
    expect((await fleet.run("recover")).stdout).toContain("their number is unknown");
  });

  test("a worse survivor is given up for only when that is said", async () => {
    const both = ["recover", "--data", processFiles(fleet.directory, "n1").data, "--data", kept];
    // Two of three would be a quorum; as if the disk of n2 had been lost before, it counts for none.
    await writeFile(join(kept, "rejoining"), "lost\n");
    const looked = await fleet.run(...both, "--json");
    expect(JSON.parse(looked.stdout)).toMatchObject({ verdict: "no-quorum", furthest: "n2" });
    const behind = await fleet.run(...both, "--force-new-cluster", "--node", "n1", "--yes");
    expect(behind.exit).toBe(9);
    expect(behind.stderr).toContain("FLEET_E_NODE_BEHIND");
    const meant = ["--force-new-cluster", "--node", "n1", "--accept-behind", "--dry-run"];
    expect((await ok(...both, ...meant)).stderr).toContain("are given up");
    await rm(join(kept, "rejoining"));
  });

  test.each([
    { args: [], exit: 2, code: "NOT_CONFIRMED", why: "nobody typed the name" },
    { args: ["--yes", "--node", "n2"], exit: 3, code: "NODE_UNKNOWN", why: "n2 is gone" },
    {
      args: ["--yes", "--node", "n1", "--data", "/nowhere"],
      exit: 1,
      code: "NO_SURVIVOR",
      why: "no such folder",
    },
    {
      args: ["--yes", "--reason", "x".repeat(2_000)],
      exit: 2,
      code: "REASON_TOO_LONG",
      why: "a reason has its limit",
    },
  ])("refused with $exit: $why", async ({ args, exit, code }) => {
    const ran = await fleet.run(...FORCE, ...args);
    expect(ran.stderr).toContain(`FLEET_E_${code}`);
    expect(ran.exit).toBe(exit);
    expect((await loadLocalFleet(fleet.directory)).file.clusterId).toBe(formerId);
  });
});

test("asked in a terminal, another name than the fleet's is no confirmation", async () => {
  const options = { cwd: fleet.home, env: fleet.env, columns: 120, rows: 30 };
  const terminal = TestTerminal.open(process.execPath, [program, ...FORCE], options);
  try {
    await terminal.shows("Type local to continue:");
    expect(terminal.text).toContain("are lost, acknowledged or not");
    terminal.type("locale\r");
    expect(await terminal.ended).toBe(2);
    expect((await loadLocalFleet(fleet.directory)).file.clusterId).toBe(formerId);
  } finally {
    await terminal.dispose();
  }
});

describe("recovered", () => {
  test("killed at its steps it can't be started, and the same command finishes it", async () => {
    const path = fleetFilePath(fleet.directory);
    await writeFile(path, `# ours\n${await readFile(path, "utf8")}`);
    const planFile = join(fleet.home, "faults.json");
    const kills = [
      "after rename recovering.json",
      "after sync frame:received-mark",
      "after rename meta.json",
      "after rename n2.crt",
      "after rename fleet.yaml",
      "before remove recovering.json",
    ];
    for (const kill of kills) {
      await writeFile(planFile, JSON.stringify({ kill }));
      const killed = await runWithFaults(planFile, "--reason", "two disks lost");
      expect(killed.exit, `${kill}: ${killed.stderr}`).toBe(-1);
      const up = await fleet.run("up");
      expect(up.exit, kill).not.toBe(0);
      expect(up.stderr).toContain("fleet recover --force-new-cluster");
      expect(JSON.parse((await fleet.run("recover", "--json")).stdout).verdict).toBe("half-recovered");
    }
    const done = JSON.parse((await ok(...FORCE, "--yes", "--json")).stdout);
    expect(done).toMatchObject({ kind: "Recovery", node: "n1", formerClusterId: formerId });
    const { file } = await loadLocalFleet(fleet.directory);
    expect(file.nodes.map((node) => node.name)).toEqual(["n1"]);
    expect(file.clusterId).toBe(done.clusterId);
    expect(await readFile(path, "utf8")).toMatch(/^# ours/);
    expect((await ok("verify", "--data", done.backup, "--json")).stdout).toContain(formerId);
  });

  test("one node starts, with everything that it held, and serves writes", async () => {
    await ok("up");
    expect(await applications()).toEqual(Array(HELD).fill(1));
    await write(HELD + 1, HELD + 1);
    expect(await applications()).toHaveLength(HELD + 1);
    const audit = JSON.parse((await ok("audit", "list", "--json")).stdout);
    const what = expect.stringMatching(/^recover from node 1 as .* formerly /);
    expect(audit.entries).toContainEqual(expect.objectContaining({ what, reason: "two disks lost" }));
    expect((await ok("status", "--context", "local")).stdout).toContain("1 of 1 nodes up");
  });

  test("a member of the old cluster is refused, and its log says why", async () => {
    const [address = ""] = await reservePorts(fleet.home, 1);
    const certs = join(removedFolder(fleet.directory), "n2-2");
    const old = fleet.launch(
      ...["serve", "coordinator", "--id", "2", "--name", "n2", "--fleet", "local"],
      ...["--cluster-id", formerId, "--listen", address],
      ...["--peers", `1=n1@${survivorAddress},2=n2@${address}`, "--data", kept],
      ...["--ca", holderTls(fleet.directory, "n1").ca],
      ...["--cert", join(certs, "n2.crt"), "--key", join(certs, "n2.key")],
    );
    await expect.poll(() => old.output).toContain("a peer belongs to another cluster");
    await write(HELD + 2, HELD + 2);
    old.signal("SIGTERM");
    const { stdout } = await old.ended();
    expect(stdout.match(/a peer belongs to another cluster/g)).toHaveLength(1);
    await until(({ verdict }) => verdict === "healthy");
  });

  test("it grows to three again, and then bears a loss", async () => {
    for (const name of ["n2", "n3"]) await ok("member", "add", "--name", name, "--wait", "--timeout", "2m");
    const status = await until(({ verdict, nodes }) => verdict === "healthy" && nodes.length === 3);
    expect(status.nodes.map((node) => node.nodeId).sort()).toEqual([1, 4, 5]);
    await fleet.kill(leaderOf(status));
    await write(HELD + 3, HELD + 10);
    expect(await applications()).toEqual(Array(HELD + 10).fill(1));
    await ok("up");
  });

  test("the shards, which had heard later terms, obey it: a cluster is moved", async () => {
    await untilObserved();
    const { clusters } = await fleet.withClient((client) => client.listClusters());
    const from = clusters.find((row) => row.clusterId === "c1")?.declared?.shardId;
    await ok("rebind", "--cluster", "c1", "--to", from === "s1" ? "s2" : "s1", "--reason", "test");
    expect((await ok("cluster", "list", "--drift", "-o", "name")).stdout).toBe("");
  });
});

describe("a fleet of one", () => {
  test("has nothing to recover: its copy is whole, or gone", async () => {
    const one = await TestFleet.init("--nodes", "1");
    try {
      await one.run("down");
      const whole = await one.run(...FORCE, "--yes");
      expect(whole.stderr).toContain("FLEET_E_QUORUM_IS_THERE");
      await rm(processFiles(one.directory, "n1").data, { recursive: true });
      const gone = await one.run(...FORCE, "--yes");
      expect(gone).toMatchObject({ exit: 1, stderr: expect.stringContaining("FLEET_E_NO_SURVIVOR") });
      expect((await one.run("recover")).exit).toBe(5);
    } finally {
      await one.dispose();
    }
  });
});

async function runWithFaults(planFile: string, ...args: readonly string[]): Promise<Ran> {
  const env = { ...fleet.env, FLEET_TEST_FAULTS: planFile };
  const line = ["--import", PRELOAD, program, ...FORCE, "--yes", ...args];
  return await runNode(line, { cwd: fleet.home, env });
}
