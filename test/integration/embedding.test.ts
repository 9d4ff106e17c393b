// The sample of `openCoordinator` at its three places. They are one process, a fleet whose nodes are killed, and a
// real etcd where one is installed.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Configuration, JobQueue } from "../../examples/job-queue/job-queue.ts";
import { root } from "../cli/manifest.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { CoordinatorCluster } from "./coordinator-cluster.ts";
import { lacksEtcd, RealEtcd } from "./real-etcd.ts";

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
let home = "";

beforeAll(async () => {
  home = await makeFolder();
});
afterAll(() => removeFolder(home));

async function configuration(name: string): Promise<Configuration & { readonly database: string }> {
  const file = join(root, `examples/job-queue/${name}.json`);
  const folder = join(home, name);
  await mkdir(folder, { recursive: true });
  const read = JSON.parse(await readFile(file, "utf8")) as Configuration;
  const directory = read.directory === undefined ? {} : { directory: join(folder, read.directory) };
  return { ...read, ...directory, database: join(folder, read.database) };
}

/** Every job has exactly one row, and the queue says that it is done. */
async function expectDone(queue: JobQueue, jobs: readonly string[]): Promise<void> {
  await expect
    .poll(async () => Object.values(await queue.jobs()).filter((state) => state === "waiting"))
    .toEqual([]);
  expect(Object.keys(await queue.jobs()).sort()).toEqual([...jobs].sort());
  expect(new Map([...queue.database.rows()].sort())).toEqual(
    new Map([...jobs].sort().map((job) => [job, 1])),
  );
}

describe("in one process", () => {
  test("without a port: roles, topology, refusals, reads of one's own writes; and again from its disk", async () => {
    const given = await configuration("one-process");
    const queue = await JobQueue.open({ ...given, host: "h1" });
    const { coordinator } = queue;
    const indexes = await Promise.all(names("a", 20).map((job) => queue.enqueue(job)));
    expect(new Set(indexes).size).toBe(20);
    const last = Math.max(...indexes);
    expect(Object.keys(await queue.jobs(last))).toHaveLength(20);
    await expect(queue.enqueue("a3")).rejects.toMatchObject({ code: "OPERATION_REFUSED" });
    await expect(coordinator.submitWrite("nothing", {})).rejects.toMatchObject({ code: "OPERATION_UNKNOWN" });
    await expectDone(queue, names("a", 20));
    expect(coordinator.address).toBeNull();
    expect([coordinator.currentRole(), coordinator.currentLeaderId()]).toEqual(["leader", "h1"]);
    expect(await coordinator.clusterTopology()).toMatchObject({
      ...{ host: "h1", leader: "h1" },
      replicas: [{ name: "n1", role: "leader" }],
    });
    await queue.close();
    await expect(coordinator.submitWrite("enqueue", { job: "late" })).rejects.toMatchObject({
      code: "CLOSED",
    });

    const again = await JobQueue.open(given);
    await expectDone(again, names("a", 20));
    expect(await again.enqueue("b")).toBeGreaterThan(last);
    await again.close();
  });

  test("killed while it works: each job is done once, and no acknowledged one is lost", async () => {
    const given = await configuration("one-process");
    const path = join(home, "killed.json");
    const directory = join(home, "killed");
    await writeFile(
      path,
      JSON.stringify({ ...given, directory, database: join(home, "killed.db"), host: "k" }),
    );
    const first = runSample(path, names("j", 200));
    const queued: string[] = [];
    for await (const line of createInterface({ input: first.stdout })) {
      const [, job] = /^(\S+) queued at/.exec(line) ?? [];
      if (job !== undefined) queued.push(job);
      if (queued.length === 15) first.kill("SIGKILL");
    }
    expect(queued.length).toBeGreaterThanOrEqual(15);
    expect(queued.length).toBeLessThan(200);
    const second = runSample(path, ["x"]);
    const said: string[] = [];
    for await (const line of createInterface({ input: second.stdout })) said.push(line);
    const done = said.filter((line) => line.endsWith(" done, 1 row")).map((line) => line.split(" ")[0]);
    expect(said.filter((line) => / done, [^1]/.test(line))).toEqual([]);
    expect(done).toEqual(expect.arrayContaining([...queued, "x"]));
  });
});

function runSample(
  path: string,
  jobs: readonly string[],
): ChildProcess & { readonly stdout: NodeJS.ReadableStream } {
  const program = join(root, "examples/job-queue/main.ts");
  const args = ["--disable-warning=ExperimentalWarning", program, path, ...jobs];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] }) as never;
}

test("on three coordinators over TLS, two hosts: nothing lost or done twice while nodes and the leading host end", async () => {
  const cluster = await CoordinatorCluster.start({ size: 3, snapshotEvery: 1_000, etcd: true });
  try {
    const database = join(home, "fleet.db");
    const etcdEndpoints = cluster.nodes.map((node) => cluster.etcd(node)).join(",");
    // Now and then grpc-js misses the end of a killed node's connection, until a ping of it has had no answer for 15 s. This
    // asks for what is lost, not for how long that takes.
    const place = { etcdEndpoints, tls: cluster.tlsOf("admin"), database, deadlineMs: 60_000 };
    const [one, two] = [
      await JobQueue.open({ ...place, host: "one" }),
      await JobQueue.open({ ...place, host: "two" }),
    ];
    const before = names("f", 40);
    const writing = Promise.all(before.map((job, at) => (at % 2 === 0 ? one : two).enqueue(job)));
    const [victim] = cluster.nodes;
    if (victim !== undefined) await cluster.kill(victim);
    await writing;
    await expectDone(two, before);
    expect(one.coordinator.currentLeaderId()).toBe(two.coordinator.currentLeaderId());
    const [leader, other] = one.coordinator.currentRole() === "leader" ? [one, two] : [two, one];
    await leader.close();
    await other.enqueue("after");
    await expectDone(other, [...before, "after"]);
    expect(other.coordinator.currentRole()).toBe("leader");
    const { replicas } = await other.coordinator.clusterTopology();
    expect(replicas.filter(({ role }) => role === "leader")).toHaveLength(1);
    await other.close();
  } finally {
    await cluster.dispose();
  }
});

test.skipIf(lacksEtcd())("on a real etcd", async () => {
  const etcd = await RealEtcd.start();
  try {
    const given = await configuration("etcd");
    const queue = await JobQueue.open({ ...given, etcdEndpoints: etcd.address });
    await Promise.all(names("e", 20).map((job) => queue.enqueue(job)));
    await expectDone(queue, names("e", 20));
    await queue.close();
  } finally {
    await etcd.dispose();
  }
});
