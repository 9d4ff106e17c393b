// What becomes of a command whose reader has gone, or whose output's disk is full. All pipes are real.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { program, TestFleet } from "../integration/local-fleet.ts";
import { lacks } from "../lacks.ts";

const DRILL = ["drill", "run", "kill-follower", "--yes", "--before", "200ms", "--after", "200ms"];

let fleet: TestFleet;

beforeAll(async () => {
  fleet = await TestFleet.init("--shards", "1");
});
afterAll(() => fleet?.dispose());

type Output = "pipe" | number;

function start(args: readonly string[], stdout: Output, stderr: Output): ChildProcess {
  const command = [program, ...args];
  const options = { cwd: fleet.home, env: fleet.env, stdio: ["ignore", stdout, stderr] } as const;
  return spawn(process.execPath, command, { ...options, stdio: [...options.stdio] });
}

const exitOf = async (child: ChildProcess): Promise<number | null> => (await once(child, "close"))[0];

/** With both outputs in a pipe that is closed after its first bytes: `2>&1 | head -1`. */
async function cut(...args: readonly string[]): Promise<number | null> {
  // Node gives a child two pipes; a shell gives it one.
  const shell = ["-c", `exec "$0" "$@" 2>&1`, process.execPath, program, ...args];
  const child = spawn("sh", shell, { cwd: fleet.home, env: fleet.env, stdio: ["ignore", "pipe", "ignore"] });
  const ended = exitOf(child);
  await Promise.race([once(child.stdout, "data"), ended]);
  child.stdout.destroy();
  return await ended;
}

describe("a reader that closes its end", () => {
  const reports = async () =>
    (await readdir(join(fleet.directory, "drills"))).filter((name) => name.endsWith(".json"));

  test("a drill heals its fault, judges it and leaves its report", async () => {
    expect(await cut(...DRILL)).toBe(0);
    expect(await reports()).toEqual([expect.stringMatching(/^kill-follower-/)]);
    expect((await fleet.run("status")).exit).toBe(0);
  });

  test("a watch, which only reads, ends quietly", async () => {
    expect(await cut("status", "-w", "-o", "jsonl")).toBe(0);
  });

  test("a keep-alive, which has no end of its own, ends too", async () => {
    const { stdout: lease } = await fleet.run("lease", "grant", "5", "-o", "name");
    expect(await cut("lease", "keep-alive", lease.trim())).toBe(0);
  });

  test("remarks that cannot be written change no exit code", async () => {
    const child = start(["cluster", "show", "nosuch"], "pipe", "pipe");
    child.stderr?.destroy();
    expect(await exitOf(child)).toBe(3);
  });
});

describe.skipIf(lacks("/dev/full", existsSync("/dev/full")))("an output that is full", () => {
  async function full(...args: readonly string[]): Promise<{ exit: number | null; stderr: string }> {
    const file = await open("/dev/full", "w");
    try {
      const child = start(args, file.fd, "pipe");
      const [exit, stderr] = await Promise.all([exitOf(child), text(child.stderr as NodeJS.ReadableStream)]);
      return { exit, stderr };
    } finally {
      await file.close();
    }
  }

  test.each([{ format: "table" }, { format: "json" }])(
    "a failure is told once, with its own exit code: -o $format",
    async ({ format }) => {
      const { exit, stderr } = await full("cluster", "show", "nosuch", "-o", format);
      expect(stderr.match(/^error: .*/gm)).toEqual([
        "error: there is no cluster nosuch [FLEET_E_CLUSTER_UNKNOWN]",
      ]);
      expect(exit).toBe(3);
    },
  );

  test("a change that was made is not asked for again", async () => {
    const { exit, stderr } = await full("cluster", "bind", "c1", "--to", "s1");
    expect(stderr).toMatch(/^error: the change was made, but its answer was not written: ENOSPC/);
    expect(stderr).not.toContain("same command again");
    expect(exit).toBe(1);
    expect((await fleet.run("cluster", "list", "-o", "name")).stdout).toBe("c1\n");
  });

  test("a read is", async () => {
    const { exit, stderr } = await full("status");
    expect(stderr).toMatch(
      /^error: the answer was not written: ENOSPC.*\n {2}next: .*run the same command again\n$/,
    );
    expect(exit).toBe(1);
  });
});
