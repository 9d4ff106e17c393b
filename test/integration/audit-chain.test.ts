// The audit log's chain with real processes. Two leaders export it, and it continues over a failover and a restart of
// every node. It is verified against the fleet, and then changed by hand. `fleet audit verify` says where.

import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditHead, verifyAudit } from "../../src/client/audit/verify-audit.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import { CoordinatorCluster } from "./coordinator-cluster.ts";
import { bindCluster, registerShard } from "./fleet-writes.ts";
import { runProgram } from "./local-fleet.ts";

const DEADLINE = { deadlineMs: 60_000 };

let cluster: CoordinatorCluster;
let client: FleetClient;
let noted: string;

beforeAll(async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 30, auditExportEvery: 20 });
  client = cluster.client();
});
afterAll(() => cluster.dispose());

const bindAll = (prefix: string) =>
  Promise.all(
    Array.from({ length: 50 }, (_, at) => client.submit(bindCluster(`${prefix}${at}`, "s1"), DEADLINE)),
  );

/** Of every leader. */
async function folders(): Promise<string[]> {
  const all = cluster.nodes.map((node) => join(node.data, "audit"));
  const names = await Promise.all(all.map((folder) => readdir(folder).catch(() => [])));
  return all.filter((_, at) => (names[at] ?? []).length > 0);
}

const isExported = async () => {
  const { entries, export: state } = await client.listAudit(DEADLINE);
  return entries.filter(({ index }) => index > (state?.throughIndex ?? 0)).length < 20;
};

const fleet = () => ({ listAudit: (options: object = {}) => client.listAudit({ ...options, ...DEADLINE }) });

function runVerify(...args: readonly string[]) {
  const env = { PATH: process.env["PATH"], NO_COLOR: "1" };
  return runProgram(["audit", "verify", ...args, "-o", "json"], { cwd: "/", env });
}

test("what two leaders exported is one chain, which the fleet continues", async () => {
  await expect.poll(async () => (await client.status()).versions.ruling).toBe(KNOWN_VERSION);
  await client.submit(registerShard("s1"), DEADLINE);
  await bindAll("a");
  await expect.poll(isExported).toBe(true);
  noted = present(await auditHead(fleet()), "entries are chained").hash;
  await cluster.kill(await cluster.leader());
  await bindAll("b");
  await expect.poll(isExported).toBe(true);
  const report = await verifyAudit({ paths: await folders(), fleet: fleet(), head: noted });
  expect(report.findings).toEqual([]);
  expect(report.noted?.index).toBeGreaterThan(0);
  expect(report.export?.entries).toBeGreaterThanOrEqual(100);
  expect((await folders()).length, "the second leader has files of its own").toBe(2);
});

test("nodes that start from their snapshots have the same chain", async () => {
  const before = await auditHead(fleet());
  for (const node of cluster.nodes) await cluster.kill(node);
  for (const node of cluster.nodes) await cluster.start(node);
  await bindAll("c");
  await expect.poll(isExported).toBe(true);
  const report = await verifyAudit({
    paths: await folders(),
    fleet: fleet(),
    head: present(before, "").hash,
  });
  expect(report.findings).toEqual([]);
});

test("the program says that exports are whole, and exits with 0", async () => {
  const ran = await runVerify(...(await folders()));
  expect({ exit: ran.exit, stderr: ran.stderr }).toEqual({ exit: 0, stderr: "" });
  expect(JSON.parse(ran.stdout)).toMatchObject({ kind: "AuditVerification", isWhole: true, findings: [] });
});

test("a reason that was changed by hand is found, with its file and line", async () => {
  const [folder = ""] = await folders();
  const [name = ""] = (await readdir(folder)).sort();
  const file = join(folder, name);
  const before = await readFile(file, "utf8");
  const lines = before.split("\n");
  lines[6] = (lines[6] ?? "").replace(/"reason":"[^"]*"/, '"reason":"nothing to see"');
  await writeFile(file, lines.join("\n"));
  const ran = await runVerify(...(await folders()));
  await writeFile(file, before);
  expect(ran.exit).toBe(1);
  const { isWhole, findings } = JSON.parse(ran.stdout);
  const { index } = JSON.parse(lines[6] ?? "");
  expect({ isWhole, findings }).toMatchObject({
    isWhole: false,
    findings: [{ problem: "altered", index, where: `${file}:7` }],
  });
});

test("a file that was removed is found, and a folder without exports is said to be one", async () => {
  const all = await folders();
  const names = (await Promise.all(all.map((folder) => readdir(folder)))).flat();
  const [, second = ""] = [...new Set(names)].sort();
  // Around a failover two leaders may have written it.
  for (const folder of all) await rm(join(folder, second), { force: true });
  const ran = await runVerify(...all);
  expect(ran.exit).toBe(1);
  expect(JSON.parse(ran.stdout).findings).toMatchObject([{ problem: "missing" }]);
  const none = await runVerify(join(all[0] ?? "", ".."));
  expect(none.exit).toBe(3);
  expect(JSON.parse(none.stdout).error.code).toBe("FLEET_E_AUDIT_EXPORT_MISSING");
});
