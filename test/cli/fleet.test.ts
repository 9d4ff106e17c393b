// What the spawned program promises over a real fleet: every way to name it, every output format, watches, pipes and
// exit codes. The fleet may also be down, or refuse a certificate.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { createAuthority, issueCertificate } from "../../src/client/cert/certs.ts";
import type { FleetStatus } from "../../src/client/fleet-status.ts";
import { present } from "../../src/core/base/assert.ts";
import { program, type Ran, runProgram, TestFleet } from "../integration/local-fleet.ts";

const READS = [
  { command: "status", kind: "FleetStatus", rowKind: "Node", names: ["n1", "n2", "n3"] },
  { command: "shard list", kind: "ShardList", rowKind: "Shard", names: ["s1", "s2"] },
  { command: "cluster list", kind: "ClusterList", rowKind: "Cluster", names: ["c1", "c2", "c3"] },
  { command: "domain list", kind: "DomainList", rowKind: "Domain", names: ["zone=a"] },
] as const;

let fleet: TestFleet;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "2", "--clusters", "3");
  const assigned = await run("domain assign zone=a --to s1 --reason test --wait --timeout 60s");
  expect(assigned).toMatchObject({ exit: 0, stderr: expect.stringContaining("every shard has accepted") });
  const clusters = async () => expect((await run("cluster list -o name")).stdout).toBe("c1\nc2\nc3\n");
  await vi.waitFor(clusters, { timeout: 120_000, interval: 200 });
});
afterAll(() => fleet.dispose());

const run = (line: string, changes: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): Promise<Ran> =>
  runProgram(line.split(" "), { cwd: changes.cwd ?? fleet.home, env: { ...fleet.env, ...changes.env } });

describe("an answer", () => {
  test.each(READS)("of fleet $command has every form", async ({ command, kind, rowKind, names }) => {
    const forms = ["json", "yaml", "jsonl", "name", "wide", "table"] as const;
    const answers = await Promise.all(forms.map((form) => run(`${command} -o ${form}`)));
    expect(answers.map(({ stderr, exit }) => ({ stderr, exit }))).toEqual(
      forms.map(() => ({ stderr: "", exit: 0 })),
    );
    const [json = "", yaml = "", jsonl = "", name = "", wide = "", table = ""] = answers.map(
      ({ stdout }) => stdout,
    );
    const keys = Object.keys(JSON.parse(json));
    expect(JSON.parse(json)).toMatchObject({ schemaVersion: 1, kind });
    expect(keys).toEqual(keys.toSorted());
    expect(Object.keys(parse(yaml))).toEqual(keys);
    const rows = jsonl.trimEnd().split("\n");
    expect(rows.map((line) => JSON.parse(line).kind)).toEqual(names.map(() => rowKind));
    expect(name).toBe(names.map((row) => `${row}\n`).join(""));
    expect(header(wide)).toEqual(expect.arrayContaining(header(table)));
    expect(header(wide).length).toBeGreaterThanOrEqual(header(table).length);
  });

  test.each([
    {
      line: "shard list --columns shard,declared --no-headers",
      stdout: /^s1 +\d\ns2 +\d\n$/,
      why: "columns, no header",
    },
    { line: "shard list --columns shard --sort -shard --no-headers", stdout: /^s2\ns1\n$/, why: "order" },
    {
      line: "audit list --columns what --no-headers",
      stdout: /domain/i,
      why: "the audit log has the change",
    },
    { line: "audit verify", stdout: /the chain is whole/, why: "what the fleet has is one chain" },
    { line: "audit head -o name", stdout: /^[0-9a-f]{64}\n$/, why: "a hash to note elsewhere" },
    { line: "cluster show c1", stdout: /^● c1 is declared to s\d /, why: "all that is known of one cluster" },
    { line: "logs n1 --tail 3", stdout: /^(2\d{3}-.*Z {2}n1 {6}\w+ .*\n){3}$/, why: "its newest lines" },
    { line: "logs --level error -o json", stdout: /"lines": \[\]/, why: "no process failed" },
    { line: "context list -o name", stdout: /^local\n$/, why: "fleet init made a context" },
    { line: "top --once", stdout: /^local · ● healthy/, why: "a frame of the dashboard" },
    { line: "top --once --ascii", stdout: /^[\x20-\x7e\n]+$/, why: "for poor terminals" },
    { line: "top --once -o json", stdout: /"kind": "Top"/, why: "and as data" },
  ])("fleet $line: $why", async ({ line, stdout }) => {
    // The dashboard calls a node down that is late with its answer: it is asked until the machine lets all be in time.
    await expect
      .poll(() => run(line))
      .toEqual({ exit: 0, stderr: "", stdout: expect.stringMatching(stdout) });
  });

  test("into a pipe holds no escape codes, whatever FORCE_COLOR says", async () => {
    const { NO_COLOR: _, ...env } = fleet.env;
    for (const line of ["status", "cluster list", "top --once", "context view", "shard list --frob"]) {
      const { stdout, stderr } = await runProgram(line.split(" "), {
        cwd: fleet.home,
        env: { ...env, FORCE_COLOR: "1" },
      });
      expect(stdout + stderr).not.toContain("\u001b");
    }
  });

  test("takes its form from FLEET_OUTPUT, and a flag is above it", async () => {
    const env = { FLEET_OUTPUT: "name" };
    expect((await run("shard list", { env })).stdout).toBe("s1\ns2\n");
    expect((await run("shard list -o jsonl", { env })).stdout).toContain('"kind":"Shard"');
  });
});

describe("the fleet that is meant", () => {
  test("is the same by folder, context, endpoints and variables, flag above variable above context", async () => {
    const { fleet: name, id } = await identity(await run("status --json"));
    const certs = join(fleet.directory, "certs");
    const tls = { ca: join(certs, "ca.crt"), cert: join(certs, "admin.crt"), key: join(certs, "admin.key") };
    const { endpoints } = await fleet.target();
    const addresses = endpoints.map(({ address }) => address).join(",");
    const one = endpoints[0]?.address;
    const nowhere = { XDG_CONFIG_HOME: join(fleet.home, "no-config") };
    const wrong = { FLEET_ENDPOINTS: "127.0.0.1:1" };
    const tlsFlags = `--ca ${tls.ca} --cert ${tls.cert} --key ${tls.key}`;
    const tlsEnv = { FLEET_CA: tls.ca, FLEET_CERT: tls.cert, FLEET_KEY: tls.key };
    const ways = [
      { flags: "", env: {} },
      { flags: `--dir ${fleet.directory}`, env: nowhere },
      { flags: "--context local", env: {} },
      { flags: `--endpoints ${addresses} ${tlsFlags}`, env: nowhere },
      { flags: `--endpoints ${one} ${tlsFlags}`, env: nowhere },
      { flags: "", env: { ...nowhere, FLEET_DIR: fleet.directory } },
      { flags: "", env: { FLEET_CONTEXT: "local" } },
      { flags: "", env: { ...nowhere, ...tlsEnv, FLEET_ENDPOINTS: addresses } },
      { flags: `--endpoints ${addresses}`, env: { ...nowhere, ...tlsEnv, ...wrong } },
      { flags: `--dir ${fleet.directory}`, env: { FLEET_CONTEXT: "another" } },
    ];
    for (const { flags, env } of ways) {
      const ran = await run(`status --json ${flags}`.trim(), { env, cwd: "/" });
      expect({ flags, ...(await identity(ran)) }).toEqual({ flags, fleet: name, id });
    }
  });

  test("fleet context view --show-origin tells where each value comes from", async () => {
    const { stdout } = await run("context view --show-origin", {
      cwd: "/",
      env: { FLEET_CA: "/tmp/other-ca.crt" },
    });
    expect(stdout).toMatch(/ca +\/tmp\/other-ca\.crt +FLEET_CA/);
    expect(stdout).toMatch(/endpoints +127\S+ +current context local \(.*contexts\.yaml\)/);
    expect((await run("context view")).stdout).not.toContain("ORIGIN");
  });

  test("fleet context use changes which one is current, and a wrong name nothing", async () => {
    const folder = join(fleet.home, "other-config");
    const env = { XDG_CONFIG_HOME: folder };
    await mkdir(join(folder, "fleet"), { recursive: true });
    const yaml =
      "# mine\ncurrent: a\ncontexts:\n  a: {endpoints: ['127.0.0.1:1']}\n  b: {endpoints: ['127.0.0.1:2']}\n";
    await writeFile(join(folder, "fleet", "contexts.yaml"), yaml);
    expect((await run("context use b", { env })).stdout).toBe("b is the current context now\n");
    const contexts = JSON.parse((await run("context list --json", { env })).stdout).contexts;
    expect(contexts).toMatchObject([
      { name: "a", current: false },
      { name: "b", current: true },
    ]);
    const unknown = await run("context use local", { env });
    expect(unknown.exit).toBe(3);
    expect(await readFile(join(folder, "fleet", "contexts.yaml"), "utf8")).toContain("# mine\ncurrent: b");
  });

  test("plaintext goes to loopback only, and a fleet with TLS refuses it", async () => {
    const address = (await fleet.target()).endpoints[0]?.address;
    const refused = await run(`shard list --endpoints ${address} --insecure-loopback`);
    expect(refused.exit).toBe(5);
    const remote = await run("status --endpoints 192.0.2.1:7000 --insecure-loopback");
    expect(remote.exit).toBe(4);
    expect(remote.stderr).toContain("FLEET_E_PLAINTEXT_REFUSED");
  });
});

describe("certificates", () => {
  test.each(["status", "shard list", "cluster bind c9 --to s1"])(
    "of a stranger are refused to fleet %s with exit 4",
    async (line) => {
      const flags = await strangersFlags();
      const { stdout, stderr, exit } = await run(`${line} ${flags}`);
      expect({ stdout, exit }).toEqual({ stdout: "", exit: 4 });
      expect(stderr).toContain("certificate");
      expect(stderr).not.toContain("No connection established");
    },
  );

  test("that do not belong together are named", async () => {
    const ca = join(fleet.directory, "certs", "ca.crt");
    const { stderr, exit } = await run(
      `status ${(await strangersFlags()).replace(/--ca \S+/, `--ca ${ca}`)}`,
    );
    expect(exit).toBe(4);
    expect(stderr).toContain("stranger.crt");
  });

  test("of a reader read, and do not write", async () => {
    const [cert, key] = ["crt", "key"].map((kind) => join(fleet.directory, "certs", `readonly.${kind}`));
    expect((await run(`shard list --cert ${cert} --key ${key}`)).exit).toBe(0);
    const written = await run(`cluster bind c9 --to s1 --cert ${cert} --key ${key}`);
    expect(written.exit).toBe(4);
    expect(written.stderr).toContain("fleet://readonly");
  });

  /** Flags that reach this fleet with certificates of another authority. */
  async function strangersFlags(): Promise<string> {
    const at = (file: string) => join(fleet.home, file);
    const authority = await createAuthority("stranger");
    const request = { commonName: "stranger", uri: "fleet://admin", ipAddresses: ["127.0.0.1"], days: 1 };
    const pair = await issueCertificate(authority, request);
    await writeFile(at("stranger-ca.crt"), authority.certificate);
    await writeFile(at("stranger.crt"), pair.certificate);
    await writeFile(at("stranger.key"), pair.key);
    return `--ca ${at("stranger-ca.crt")} --cert ${at("stranger.crt")} --key ${at("stranger.key")}`;
  }
});

describe("a watch", () => {
  test.each([
    { line: "shard list -w", kind: "ShardList" },
    { line: "shard show s1 -w", kind: "ShardHoldings" },
    { line: "leader show -w", kind: "Leader" },
  ])(
    "$line emits a JSON line a look into a pipe, and ends with 130 on Ctrl-C",
    async ({ line: command, kind }) => {
      const child = spawn(process.execPath, [program, ...command.split(" ")], {
        cwd: fleet.home,
        env: fleet.env,
      });
      const exited = once(child, "exit");
      const kinds: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        kinds.push(JSON.parse(line).kind);
        // A look that comes to nothing is a line too, and more of them may come before the signal does.
        if (kinds.filter((seen) => seen === kind).length === 2) child.kill("SIGINT");
      }
      expect(await exited).toEqual([130, null]);
      expect(kinds.filter((seen) => seen === kind).length).toBeGreaterThanOrEqual(2);
      expect(kinds.filter((seen) => seen !== kind && seen !== "Error")).toEqual([]);
    },
  );

  test("ends quietly when its reader is gone", async () => {
    const script = `{ ${process.execPath} ${program} shard list -w; echo "exit $?" >&2; } | head -1`;
    const { stdout, stderr } = await shell(script);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "ShardList" });
    expect(stderr).toMatch(/^exit \d+\n$/);
  });

  function shell(script: string): Promise<Ran> {
    return new Promise((resolve) => {
      execFile("sh", ["-c", script], { cwd: fleet.home, env: fleet.env }, (error, stdout, stderr) =>
        resolve({ exit: error === null ? 0 : -1, stdout, stderr }),
      );
    });
  }
});

describe("a node that hangs", () => {
  test("holds up no command: each answers and its process ends", async () => {
    const follows = ({ nodes, leader }: FleetStatus) =>
      leader !== null && nodes.every((node) => node.reachable);
    const { nodes, leader } = await fleet.untilStatus(await fleet.client(), follows);
    const { name } = present(
      nodes.find(({ nodeId }) => nodeId !== leader),
      "two nodes follow",
    );
    await fleet.pause(name);
    try {
      const status = await run("status --node-timeout 900ms");
      expect(status.stdout).toMatch(new RegExp(`${name} .*is down: no answer within \\d\\.\\d s\\n`));
      expect(status.exit).toBe(5);
      // By the leader: the one that did may be replaced while a third of the fleet hangs.
      await expect.poll(async () => (await run("shard list -o name")).stdout).toBe("s1\ns2\n");
    } finally {
      await fleet.resume(name);
    }
  });
});

test("doctor runs every check, and writes JUnit", async () => {
  const { stdout, exit } = await run("doctor -o json --junit doctor.xml");
  const { kind, findings, passed, skipped } = JSON.parse(stdout);
  expect({ kind, skipped }).toEqual({ kind: "Diagnosis", skipped: [] });
  // All nodes of a local fleet are on this host, and it exports no snapshots.
  const found = findings.map(({ check }: { check: string }) => check);
  expect(found).toEqual(expect.arrayContaining(["node.shared-host", "snapshot.none"]));
  expect(passed).toContain("local.process");
  expect([5, 8]).toContain(exit);
  expect(await readFile(join(fleet.home, "doctor.xml"), "utf8")).toContain('<testcase classname="doctor"');
  expect(await run("doctor --junit doctor.xml")).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining("JUNIT_NOT_WRITTEN"),
  });
});

// The last one, for it ends the fleet.
describe("a fleet that is down", () => {
  test("is said so with exit 5, in words of this project", async () => {
    expect((await run("down")).exit).toBe(0);
    const status = await run("status");
    expect(status.exit).toBe(5);
    expect(status.stdout).toMatch(/n1 \(127\.0\.0\.1:\d+\) is down: connection refused\n/);
    const list = await run("shard list");
    expect({ exit: list.exit, stdout: list.stdout }).toEqual({ exit: 5, stdout: "" });
    expect(list.stderr).toContain("cause: connection refused\n");
    const json = JSON.parse((await run("shard list --json")).stdout);
    expect(json).toMatchObject({ kind: "Error", error: { code: "FLEET_E_UNAVAILABLE", exit: 5 } });
    expect((await run("top --once")).stdout).toContain("no-quorum");
    const doctor = await run("doctor");
    expect(doctor).toMatchObject({
      exit: 5,
      stdout: expect.stringContaining("checks were skipped: no leader"),
    });
    expect(doctor.stdout).toMatch(/critical {2}fleet: no node leads a quorum; 0 of 3 nodes answer/);
  });
});

async function identity({ stdout, exit }: Ran): Promise<{ readonly fleet: string; readonly id: string }> {
  expect(exit).toBe(0);
  const { clusterName, nodes } = JSON.parse(stdout);
  return { fleet: clusterName, id: nodes[0].status.clusterId };
}

const header = (table: string): string[] => (table.split("\n", 1)[0] ?? "").trim().split(/\s+/);
