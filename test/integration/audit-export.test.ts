// The audit log of a real cluster, exported by whoever leads: no entry is missing when the files are read together.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";
import { bindCluster, registerShard } from "./fleet-writes.ts";

const WAIT = { timeout: 120_000 };
const DEADLINE = { deadlineMs: 60_000 };

let cluster: CoordinatorCluster;
afterEach(() => cluster.dispose());

async function exportedBy(node: ClusterNode): Promise<number[]> {
  const folder = join(node.data, "audit");
  const names = await readdir(folder).catch(() => []);
  const texts = await Promise.all(names.sort().map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap((text) => text.trimEnd().split("\n")).map((line) => Number(JSON.parse(line).index));
}

test("entries are exported in whole files, the marker follows, and a failover loses none", async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000, auditExportEvery: 20 });
  const client = cluster.client();
  const marker = async () => (await client.listAudit(DEADLINE)).export?.throughIndex ?? 0;
  await client.submit(registerShard("s1"), DEADLINE);
  for (let at = 0; at < 50; at += 1) await client.submit(bindCluster(`a${at}`, "s1"), DEADLINE);
  const first = await cluster.leader();
  await expect.poll(async () => (await exportedBy(first)).length, WAIT).toBe(40);
  await expect.poll(marker, WAIT).toBe((await exportedBy(first)).at(-1));

  await cluster.kill(first);
  for (let at = 0; at < 50; at += 1) await client.submit(bindCluster(`b${at}`, "s1"), DEADLINE);
  const second = await cluster.leader(cluster.nodes.filter((node) => node !== first));
  await expect.poll(async () => (await exportedBy(second)).length, WAIT).toBeGreaterThanOrEqual(60);
  const written = (await Promise.all(cluster.nodes.map(exportedBy))).flat();
  await expect.poll(marker, WAIT).toBe(Math.max(...written));
  const { entries, export: state } = await client.listAudit(DEADLINE);
  const due = entries.map(({ index }) => index).filter((index) => index <= (state?.throughIndex ?? 0));
  expect([...new Set(written)].sort((a, b) => a - b)).toEqual(due);
  expect(state?.dropped).toBe(0);
});
