// A whole fleet whose coordinators encrypt what they keep: real processes, real kills, keys rotated under load.

import { chmod, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { TlsFiles } from "../../src/core/wire/tls/tls.ts";
import { bindCluster } from "./fleet-writes.ts";
import { TestFleet } from "./local-fleet.ts";

const NAME = "a-cluster-whose-name-is-a-secret";

async function keyFile(fleet: TestFleet): Promise<string> {
  const file = join(fleet.home, "encryption.key");
  expect(await fleet.run("key", "generate", "--out", file)).toMatchObject({ exit: 0 });
  return file;
}

async function encryptedFleet(...args: readonly string[]): Promise<{ fleet: TestFleet; key: string }> {
  const fleet = await TestFleet.empty();
  onTestFinished(() => fleet.dispose());
  const key = await keyFile(fleet);
  const made = await fleet.run("init", "--encryption-key-file", key, ...args);
  expect(made.exit, made.stderr).toBe(0);
  return { fleet, key };
}

const data = (fleet: TestFleet, node: string) => join(fleet.directory, node, "data");

/** The files under a folder that hold the secret name. */
async function telling(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && (await readFile(path, "latin1")).includes(NAME)) found.push(path);
  }
  return found;
}

const bind = (fleet: TestFleet, cluster: string) =>
  fleet.run("cluster", "bind", "--cluster", cluster, "--shard", "s1");

async function succeeds(fleet: TestFleet, ...args: readonly string[]): Promise<string> {
  const ran = await fleet.run(...args);
  expect(ran.exit, `${args.join(" ")}: ${ran.stderr}`).toBe(0);
  return ran.stdout;
}

test("no name stands in a data folder or an export; without the key nothing starts, is verified or restored", async () => {
  const { fleet, key } = await encryptedFleet("--shards", "1", "--nodes", "3");
  expect((await bind(fleet, NAME)).exit).toBe(0);
  const exports = join(fleet.home, "exports");
  await succeeds(fleet, "snapshot", "save", "--to", exports);
  expect(await telling(exports)).toEqual([]);
  // Named by its endpoints, it is no local fleet, whose key and place would be meant.
  const { endpoints, tls } = await fleet.target();
  const { ca, cert, key: own } = tls as TlsFiles;
  const elsewhere = ["--endpoints", endpoints[0]?.address ?? "", "--ca", ca, "--cert", cert, "--key", own];
  const plain = await fleet.run("snapshot", "save", "--to", join(fleet.home, "plain"), ...elsewhere);
  expect(plain).toMatchObject({ exit: 0, stderr: expect.stringContaining("this snapshot is not encrypted") });
  const verifyPlain = ["snapshot", "verify", "--from", join(fleet.home, "plain")];
  const planted = await fleet.run(...verifyPlain);
  expect(planted).toMatchObject({ exit: 9, stderr: expect.stringContaining("SNAPSHOT_NOT_ENCRYPTED") });
  await succeeds(fleet, ...verifyPlain, "--allow-plain");
  const nowhere = await fleet.run("snapshot", "save", ...elsewhere);
  expect(nowhere).toMatchObject({ exit: 2, stderr: expect.stringContaining("no location of snapshots") });
  for (const node of ["n1", "n2", "n3"]) expect(await telling(data(fleet, node))).toEqual([]);
  await succeeds(fleet, "down");
  const verified = await fleet.run("verify", "--data", data(fleet, "n1"));
  expect(verified).toMatchObject({ exit: 4, stderr: expect.stringContaining("ENCRYPTION_KEY_NEEDED") });
  await succeeds(fleet, "verify", "--data", data(fleet, "n1"), "--encryption-key-file", key);
  await rename(key, `${key}.away`);
  await keyFile(fleet);
  const up = await fleet.run("up");
  expect(up).toMatchObject({ exit: 5, stderr: expect.stringContaining("ENCRYPTION_KEY_WRONG") });
  // It has given up as soon as no quorum was left: the third node may still be starting.
  await succeeds(fleet, "down");
  await chmod(`${key}.away`, 0o644);
  const loose = await fleet.run(
    "verify",
    "--data",
    data(fleet, "n1"),
    "--encryption-key-file",
    `${key}.away`,
  );
  expect(loose).toMatchObject({ exit: 3, stderr: expect.stringContaining("chmod 600") });
  await chmod(`${key}.away`, 0o600);
  // Every disk is lost.
  for (const node of ["n1", "n2", "n3"]) await rename(data(fleet, node), join(fleet.home, node));
  const restore = ["snapshot", "restore", "--from", exports, "--yes"];
  const wrong = await fleet.run(...restore);
  expect(wrong).toMatchObject({ exit: 4, stderr: expect.stringContaining("ENCRYPTION_KEY_WRONG") });
  await rename(`${key}.away`, key);
  const old = join(fleet.home, "n2");
  await succeeds(fleet, ...restore, "--compare", old);
  await succeeds(fleet, "up");
  expect(await succeeds(fleet, "cluster", "list", "-o", "name")).toContain(NAME);
  expect(await telling(data(fleet, "n1"))).toEqual([]);
});

test("keys are rotated under load, with kills in between: every acknowledged write is there, and the audit log names them", async () => {
  const { fleet, key } = await encryptedFleet("--shards", "1");
  const acknowledged: string[] = [];
  let isOver = false;
  const client = await fleet.client();
  const load = (async () => {
    for (let count = 1; !isOver; count++) {
      const written = await client.submit(bindCluster(`c${count}`, "s1")).catch(() => null);
      if (written !== null) acknowledged.push(`c${count}`);
      await sleep(50);
    }
  })();
  try {
    for (const node of ["n1", "n2", "n3"]) {
      await succeeds(fleet, "key", "generate", "--rotate", "--out", key);
      const rotating = fleet.run("key", "rotate", "--reason", `before ${node}`);
      await fleet.kill(node);
      await rotating;
      await fleet.start(node);
      await succeeds(fleet, "up");
    }
  } finally {
    isOver = true;
    await load;
  }
  // A node that was just restarted may still be busy. An operator then runs the command again.
  const rotated = () => fleet.run("key", "rotate", "--reason", "the last one");
  await expect.poll(rotated).toMatchObject({ exit: 0 });
  // All are wrapped with the newest key by now: it alone starts them.
  const [newest = ""] = (await readFile(key, "utf8")).split("\n");
  await succeeds(fleet, "down");
  await writeFile(key, `${newest}\n`);
  await succeeds(fleet, "up");
  const names = (await succeeds(fleet, "cluster", "list", "-o", "name")).trim().split("\n");
  expect(acknowledged.length).toBeGreaterThan(0);
  expect(acknowledged.filter((name) => !names.includes(name))).toEqual([]);
  const { nodes } = JSON.parse(await succeeds(fleet, "key", "status", "-o", "json"));
  expect(new Set(nodes.map(({ operatorKey }: { operatorKey: string }) => operatorKey)).size).toBe(1);
  const audit = await succeeds(fleet, "audit", "list", "-o", "json");
  for (const node of ["n1", "n2", "n3"]) expect(audit).toContain(`rotate the data key of node ${node}`);
  expect(audit).toContain("the last one");
}, 240_000);

test("a plain fleet is encrypted by the operator's word, and not without it; members that join are from their first byte", async () => {
  const fleet = await TestFleet.init("--shards", "1", "--nodes", "1");
  onTestFinished(() => fleet.dispose());
  expect((await bind(fleet, NAME)).exit).toBe(0);
  expect(await telling(data(fleet, "n1"))).not.toEqual([]);
  const rotated = await fleet.run("key", "rotate");
  expect(rotated).toMatchObject({ exit: 9, stderr: expect.stringContaining("NOT_ENCRYPTED") });
  await succeeds(fleet, "down");
  const yaml = join(fleet.directory, "fleet.yaml");
  const before = await readFile(yaml, "utf8");
  const key = await keyFile(fleet);
  await writeFile(yaml, `${before}encryption:\n  keyFile: ${key}\n`);
  const refused = await fleet.run("up");
  expect(refused).toMatchObject({ exit: 5, stderr: expect.stringContaining("ENCRYPTION_NOT_BEGUN") });
  await writeFile(yaml, `${before}encryption:\n  keyFile: ${key}\n  existing: true\n`);
  await succeeds(fleet, "up");
  const { nodes } = JSON.parse(await succeeds(fleet, "key", "status", "-o", "json"));
  expect(nodes).toMatchObject([{ node: "n1", state: "replacing" }]);
  await succeeds(fleet, "member", "add", "--name", "n2", "--wait", "--timeout", "60s");
  expect((await bind(fleet, `${NAME}-2`)).exit).toBe(0);
  expect(await telling(data(fleet, "n2"))).toEqual([]);
});
