// From one replica in a program's process to three by `fleet member add`, while the program writes. Nothing is lost,
// and the two that joined are a quorum when the program ends. Needs the built program.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Configuration, JobQueue } from "../../examples/job-queue/job-queue.ts";
import { createAuthority, issueCertificate } from "../../src/client/cert/certs.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { reservePorts } from "../reserved-ports.ts";
import { program, runProgram } from "./local-fleet.ts";

const LOAD_PAUSE_MS = 200;
let home = "";
const children: ChildProcess[] = [];

beforeAll(async () => {
  home = await makeFolder();
  const authority = await createAuthority("test");
  await writeFile(tlsOf("n1").ca, authority.certificate);
  const replicas = [1, 2, 3].map((id) => [`n${id}`, `fleet://replica/${id}`] as const);
  for (const [commonName, uri] of [...replicas, ["admin", "fleet://admin"] as const]) {
    const request = { commonName, uri, ipAddresses: ["127.0.0.1"], days: 1 };
    const { certificate, key } = await issueCertificate(authority, request);
    await writeFile(tlsOf(commonName).cert, certificate);
    await writeFile(tlsOf(commonName).key, key);
  }
});
afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await removeFolder(home);
});

function tlsOf(holder: string) {
  return { ca: join(home, "ca.crt"), cert: join(home, `${holder}.crt`), key: join(home, `${holder}.key`) };
}

const tlsFlags = (holder: string): string[] =>
  Object.entries(tlsOf(holder)).flatMap(([flag, path]) => [`--${flag}`, path]);

test("one replica in a process becomes three under load, and no acknowledged write is lost", async () => {
  const place: Configuration = {
    directory: join(home, "n1"),
    database: join(home, "results.db"),
    host: "one",
  };
  const alone = await JobQueue.open(place);
  expect(alone.coordinator.address).toBeNull();
  await alone.enqueue("alone");
  await alone.close();

  const queue = await JobQueue.open({ ...place, serve: { tls: tlsOf("n1") } });
  const address = queue.coordinator.address ?? "";
  const acknowledged = ["alone"];
  const end = new AbortController();
  const load = writeUntil(end.signal, queue, acknowledged);
  const etcd = [await addMember("n2", address), await addMember("n3", address)];
  await expect
    .poll(async () => {
      const { replicas } = await queue.coordinator.clusterTopology();
      return replicas.filter(({ role }) => role === "leader" || role === "follower").length;
    })
    .toBe(3);
  const grownAt = acknowledged.length;
  await expect.poll(() => acknowledged.length).toBeGreaterThan(grownAt + 10);
  end.abort();
  await load;

  const jobs = await queue.jobs();
  expect(acknowledged.filter((job) => jobs[job] === undefined)).toEqual([]);
  await expect
    .poll(async () => Object.values(await queue.jobs()).filter((state) => state === "waiting"))
    .toEqual([]);
  expect([...queue.database.rows()].filter(([, rows]) => rows !== 1)).toEqual([]);
  await queue.close();
  // A quorum without the replica that was first.
  const other = await JobQueue.open({
    ...{ etcdEndpoints: etcd.join(), tls: tlsOf("admin"), host: "two" },
    database: place.database,
  });
  const after = await other.jobs();
  expect(acknowledged.filter((job) => after[job] === undefined)).toEqual([]);
  await other.enqueue("after");
  await other.close();
});

async function writeUntil(signal: AbortSignal, queue: JobQueue, acknowledged: string[]): Promise<void> {
  for (let number = 0; !signal.aborted; number += 1) {
    const jobs = [0, 1, 2, 3].map((at) => `job-${number}-${at}`);
    await Promise.all(jobs.map((job) => queue.enqueue(job).then(() => acknowledged.push(job))));
    // Each job has an effect, and the leading host performs them one after the other.
    await sleep(LOAD_PAUSE_MS);
  }
}

/**
 * Adds it by the command, starts it with the printed line, and waits until it votes. Resolves to its port of etcd's
 * API.
 */
async function addMember(name: string, leader: string): Promise<string> {
  const [own = ""] = await reservePorts(home, 1);
  const env = { ...process.env, XDG_CONFIG_HOME: home };
  const target = ["--endpoints", leader, ...tlsFlags("admin")];
  const added = await runProgram(["member", "add", name, "--address", own, ...target], { cwd: home, env });
  expect(added).toMatchObject({ exit: 0 });
  const [, line = ""] = /fleet (serve coordinator .*?) --data DIR/.exec(added.stdout + added.stderr) ?? [];
  const flags = ["--data", join(home, name), ...tlsFlags(name), "--etcd-listen", "127.0.0.1:0"];
  const child = spawn(process.execPath, [program, ...line.split(" "), ...flags], {
    ...{ env, cwd: home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const etcd = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (text) => {
      const [, listens] = /"etcd":"([^"]+)"/.exec(text) ?? [];
      if (listens !== undefined) resolve(listens);
    });
  });
  const waited = await runProgram(["member", "add", name, "--address", own, "--wait", ...target], {
    cwd: home,
    env,
  });
  expect(waited).toMatchObject({ exit: 0 });
  return etcd;
}
