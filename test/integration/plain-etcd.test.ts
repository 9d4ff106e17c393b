// fleet's commands against a real etcd (Debian's etcd-server), with etcdctl beside them in the same queue of a lock.
// Where no etcd is installed the tests show as skipped.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { lacks } from "../lacks.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { type Ran, runProgram, TestFleet } from "./local-fleet.ts";

const isThere = isInstalled("etcd") && isInstalled("etcdctl");

let home: TestFleet;
let data = "";
let etcd: ChildProcess | null = null;
let address = "";

describe.skipIf(lacks("etcd and etcdctl (Debian: apt-get install etcd-server etcd-client)", isThere))(
  "a real etcd",
  () => {
    beforeAll(async () => {
      home = await TestFleet.empty();
      data = await makeFolder();
      const [client, peer] = [await freePort(), await freePort()];
      address = `127.0.0.1:${client}`;
      etcd = spawn(
        "etcd",
        [
          ...["--name", "e1", "--data-dir", join(data, "e1"), "--log-level", "error"],
          ...["--listen-client-urls", `http://${address}`, "--advertise-client-urls", `http://${address}`],
          ...[
            "--listen-peer-urls",
            `http://127.0.0.1:${peer}`,
            "--initial-cluster",
            `e1=http://127.0.0.1:${peer}`,
          ],
          ...["--initial-advertise-peer-urls", `http://127.0.0.1:${peer}`],
        ],
        { stdio: "ignore" },
      );
      await fleet("context", "add", "store", "--etcd", address, "--plaintext");
      await vi.waitFor(async () => expect((await fleet("status")).exit).toBe(0), 30_000);
    });
    afterAll(async () => {
      if (etcd !== null && etcd.exitCode === null) {
        etcd.kill("SIGKILL");
        await once(etcd, "exit");
      }
      await removeFolder(data);
      await home.dispose();
    });

    test("keys: what etcdctl wrote is read, and what fleet wrote etcdctl reads", async () => {
      await etcdctl("put", "a/1", "one");
      expect(await fleet("kv", "get", "a/1", "-o", "value")).toMatchObject({ exit: 0, stdout: "one" });
      await writeFile(
        join(data, "txn"),
        'value("a/1") = "one"\nver("a/2") = "0"\n\nput a/1 "two\\n"\nput a/2 x\n\n',
      );
      expect((await fleet("kv", "txn", join(data, "txn"), "-o", "name")).stdout).toBe("SUCCESS\n");
      expect(await etcdctl("get", "a/", "--prefix", "--print-value-only")).toBe("two\n\nx\n");
      expect((await fleet("kv", "get", "nope")).exit).toBe(3);
      const watched = await fleet("kv", "watch", "a/", "--prefix", "--rev", "2", "--count", "3");
      expect(watched.stdout.trimEnd().split("\n")).toHaveLength(3);
    });

    test("a lock: fleet waits for etcdctl's holder, and passes its command's facts and exit code", async () => {
      const holder = spawn("etcdctl", ["--endpoints", address, "lock", "L"], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      await once(holder.stdout, "data");
      const script = 'echo "$FLEET_FENCING_TOKEN $FLEET_LEASE_ID $FLEET_LOCK_KEY"; exit 7';
      const waiting = fleet("lock", "L", "--", "sh", "-c", script);
      // It stands behind the holder.
      await vi.waitFor(
        async () => expect(keysIn(await etcdctl("get", "L/", "--prefix", "--keys-only"))).toHaveLength(2),
        30_000,
      );
      holder.kill("SIGINT");
      const { exit, stdout } = await waiting;
      expect(exit).toBe(7);
      expect(stdout).toMatch(/^\d+ ([0-9a-f]+) L\/\1\n$/);
      expect(keysIn(await etcdctl("get", "L/", "--prefix", "--keys-only"))).toEqual([]);
    });

    test("a revoked lease ends the command of its holder", async () => {
      const holding = fleet("lock", "M", "--", "sleep", "600");
      const [key = ""] = await vi.waitFor(async () => {
        const keys = keysIn(await etcdctl("get", "M/", "--prefix", "--keys-only"));
        expect(keys).toHaveLength(1);
        return keys;
      }, 30_000);
      await etcdctl("lease", "revoke", key.slice("M/".length));
      expect(await holding).toMatchObject({ exit: 9, stderr: expect.stringContaining("FLEET_E_LOCK_LOST") });
    });

    test("members are added, listed and removed, and etcd's refusal says what to look at", async () => {
      const peer = `127.0.0.1:${await freePort()}`;
      expect((await fleet("member", "add", "e2")).stderr).toContain("where e2 listens is not given");
      const wait = await fleet("member", "add", "e2", "--address", peer, "--wait");
      expect(wait).toMatchObject({ exit: 9, stderr: expect.stringContaining("--wait: n/a on a plain etcd") });
      const add = ["member", "add", "e2", "--address", peer, "--learner"];
      expect((await fleet(...add, "--dry-run")).stdout).toContain("would add e2 as a learner");
      expect(keysIn(await etcdctl("member", "list"))).toHaveLength(1);
      const added = await fleet(...add);
      expect(added).toMatchObject({ exit: 0, stdout: expect.stringContaining(`,e2=http://${peer} `) });
      expect(await etcdctl("member", "list")).toContain(`http://${peer}`);
      expect((await fleet(...add)).stdout).toContain("e2 is a member already");
      // Until it has started it has no name, so it is meant by its id.
      const id = /\(member ([0-9a-f]+)\)/.exec(added.stdout)?.[1] ?? "";
      const early = await fleet("member", "promote", id);
      expect(early).toMatchObject({ exit: 9, stderr: expect.stringContaining("FLEET_E_MEMBERSHIP_REFUSED") });
      expect(await fleet("member", "remove", id)).toMatchObject({ exit: 2 });
      expect((await fleet("member", "remove", id, "--yes")).stdout).toContain(`removed ${id}`);
      expect(keysIn(await etcdctl("member", "list"))).toHaveLength(1);
      expect((await fleet("member", "remove", "e9", "--yes")).exit).toBe(3);
    });

    test("a snapshot is one that etcdctl takes for whole", async () => {
      const file = join(data, "snapshot.db");
      expect((await fleet("snapshot", "save", "--to", file)).exit).toBe(0);
      expect(await etcdctl("snapshot", "status", file)).toMatch(/^[0-9a-f]+, \d+, \d+, /);
    });
  },
);

const fleet = (...args: string[]): Promise<Ran> =>
  runProgram(args, { cwd: data, env: { ...home.env, FLEET_CONTEXT: "store" } });

async function etcdctl(...args: string[]): Promise<string> {
  return execFileSync("etcdctl", ["--endpoints", address, ...args], { encoding: "utf8", timeout: 60_000 });
}

const keysIn = (text: string): string[] => text.split("\n").filter((line) => line !== "");

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, [program === "etcd" ? "--version" : "version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const found = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof found === "object" && found !== null ? found.port : 0;
}
