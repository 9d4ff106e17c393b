// The audit log of a real cluster, exported by each leader: no entry is missing when the files are read together.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type ClusterNode, CoordinatorCluster } from "./coordinator-cluster.ts";
import { bindCluster, registerShard } from "./fleet-writes.ts";

const DEADLINE = { deadlineMs: 60_000 };

let cluster: CoordinatorCluster;
afterEach(() => cluster.dispose());

async function exportedBy(node: ClusterNode): Promise<number[]> {
  const folder = join(node.data, "audit");
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".jsonl"));
  const texts = await Promise.all(names.sort().map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap((text) => text.trimEnd().split("\n")).map((line) => Number(JSON.parse(line).index));
}

/** By each leader, ascending: a leader that follows another may write the same file again. */
async function exported(): Promise<number[]> {
  const written = (await Promise.all(cluster.nodes.map(exportedBy))).flat();
  return [...new Set(written)].sort((a, b) => a - b);
}

test("entries are exported in whole files, the marker follows, and a failover loses none", async () => {
  cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 10_000, auditExportEvery: 20 });
  const client = cluster.client();
  const marker = async () => (await client.listAudit(DEADLINE)).export?.throughIndex ?? 0;
  const bindAll = (prefix: string) => {
    const clusters = Array.from({ length: 50 }, (_, at) => `${prefix}${at}`);
    return Promise.all(clusters.map((cluster) => client.submit(bindCluster(cluster, "s1"), DEADLINE)));
  };
  await client.submit(registerShard("s1"), DEADLINE);
  await bindAll("a");
  await expect.poll(async () => (await exported()).length).toBe(40);
  await expect.poll(async () => (await marker()) === (await exported()).at(-1)).toBe(true);

  await cluster.kill(await cluster.leader());
  await bindAll("b");
  await expect.poll(async () => (await exported()).length).toBe(100);
  await expect.poll(async () => (await marker()) === (await exported()).at(-1)).toBe(true);
  const { entries, export: state } = await client.listAudit(DEADLINE);
  const due = entries.map(({ index }) => index).filter((index) => index <= (state?.throughIndex ?? 0));
  expect(await exported()).toEqual(due);
  expect(state?.dropped).toBe(0);
});
