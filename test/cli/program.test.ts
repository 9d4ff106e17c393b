// What the spawned program promises without any fleet: help, typing errors, exit codes, the Node that it needs.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { present } from "../../src/core/base/assert.ts";
import { MADE } from "../../src/ui/model/command-pages.ts";
import { program, type Ran, runProgram, TestFleet } from "../integration/local-fleet.ts";
import { lacks } from "../lacks.ts";
import { commands, manifest } from "./manifest.ts";

const ALL_HELPS = fileURLToPath(new URL("all-helps.ts", import.meta.url));

let home: TestFleet;

beforeAll(async () => {
  home = await TestFleet.empty();
});
afterAll(() => home.dispose());

const run = (line: string, env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  runProgram(line.split(" "), { cwd: home.home, env: { ...home.env, ...env } });

describe("help", () => {
  // One process prints them all: starting Node for each took more CPU than the help.
  let all: Readonly<Record<string, { readonly stdout: string; readonly stderr: string }>> = {};
  beforeAll(async () => {
    const options = { cwd: home.home, env: { ...home.env, NODE_ENV: "production" }, maxBuffer: 2 ** 26 };
    const { stdout } = await promisify(execFile)(process.execPath, [ALL_HELPS], options);
    all = JSON.parse(stdout);
  });

  test.each(["shard list", "bundle", "kv retention set"])(
    "a process of its own prints the same: fleet %s --help",
    async (command) => {
      const { stdout, stderr, exit } = await run(`${command} --help`);
      expect({ stdout, stderr, exit }).toEqual({ ...all[command], exit: 0 });
    },
  );

  test.each(commands)("fleet %s --help says what it does, and how", async (command) => {
    const { stdout, stderr } = present(all[command], "it was asked for");
    expect(stderr).toBe("");
    const { summary = "no summary", flags } = manifest.commands[command.replaceAll(" ", ":")] ?? {
      flags: {},
    };
    expect(words(stdout)).toContain(words(summary));
    expect(stdout).toContain(`$ fleet ${command}`);
    // Spellings of earlier builds are hidden.
    for (const [flag, { hidden }] of Object.entries(flags))
      if (hidden !== true) expect(stdout).toContain(`--${flag}`);
  });

  test("a local fleet's commands show no flags that name another one", async () => {
    expect((await run("down --help")).stdout).not.toMatch(/--(context|endpoints|ca|cert|key)\b/);
  });

  test.each([
    { line: "--help", says: "COMMANDS", why: "the whole" },
    { line: "-h", says: "COMMANDS", why: "as most programs have it" },
    { line: "status -h", says: "$ fleet status", why: "of one command" },
    { line: "help shard list", says: "$ fleet shard list", why: "as a command" },
    { line: "help shard list --json", says: "$ fleet shard list", why: "for people, in every format" },
    { line: "cluster", says: "cluster bind", why: "a topic alone lists its commands" },
  ])("fleet $line: $why", async ({ line, says }) => {
    const { stdout, exit } = await run(line);
    expect(stdout).toContain(says);
    expect(exit).toBe(0);
  });
});

test.each([
  { line: "help nosuch", says: "fleet --help", why: "nothing is near" },
  { line: "help stats", says: 'did you mean "fleet status"?', why: "a typo" },
  { line: "help shard frobnicate", says: "fleet shard --help", why: "nothing is near in its topic" },
])("fleet $line exits with 127, as the command itself does: $why", async ({ line, says }) => {
  const { stdout, stderr, exit } = await run(line);
  expect({ stdout, exit }).toEqual({ stdout: "", exit: 127 });
  expect(stderr).toMatch(/^error: there is no command/);
  expect(stderr).toContain(says);
  const json = await run(`${line} --json`);
  expect({ stderr: json.stderr, exit: json.exit }).toEqual({ stderr: "", exit: 127 });
  expect(JSON.parse(json.stdout)).toMatchObject({ kind: "Error", error: { exit: 127 } });
});

test.each(["--version", "-v"])("fleet %s says which version this is", async (line) => {
  expect(await run(line)).toMatchObject({ exit: 0, stderr: "", stdout: expect.stringMatching(/^fleet\/\d/) });
});

describe.skipIf(lacks("/dev/full", existsSync("/dev/full")))("an answer that cannot be written", () => {
  test.each(["--help", "version", "shard --help", "help status", "context list --json"])(
    "fleet %s > /dev/full says so without a stack",
    async (line) => {
      const shell = ["-c", `"$0" "$@" > /dev/full`, process.execPath, program, ...line.split(" ")];
      const { exit, stderr } = await new Promise<Ran>((resolve) => {
        execFile("sh", shell, { cwd: home.home, env: home.env }, (error, stdout, stderr) =>
          resolve({ exit: Number(error?.code ?? 0), stdout, stderr }),
        );
      });
      expect(exit).toBe(1);
      expect(stderr).toMatch(/^error: the answer was not written: ENOSPC.* \[FLEET_E_FILE_SYSTEM\]\n/);
      expectShort(stderr);
    },
  );
});

test("flags of all commands may stand before the command", async () => {
  expect(JSON.parse((await run("--json version")).stdout)).toMatchObject({ kind: "Version" });
  expect((await run("--context nosuch status")).stderr).toContain("nosuch");
});

describe("a command line that is wrong", () => {
  test.each([
    {
      line: "shard lst --help",
      exit: 127,
      says: 'did you mean "fleet shard list"?',
      why: "the same as a flag",
    },
    {
      line: "domain assign a=b --to s --expect-version 9007199254740993",
      exit: 2,
      says: "--expect-version",
      why: "more than is held exactly",
    },
    {
      line: "member remove n --expect-index=-1",
      exit: 2,
      says: "--expect-index",
      why: "an index is not negative",
    },
    {
      line: "status --node-timeout 9999999999h",
      exit: 2,
      says: "at most 24d",
      why: "longer than timers run",
    },
    { line: "status --endpoints=", exit: 2, says: "--endpoints is empty", why: "a variable that is not set" },
    { line: "destroy --yes --dir=", exit: 2, says: "--dir is empty", why: "would be the current folder" },
    { line: "stats", exit: 127, says: 'did you mean "fleet status"?', why: "a typo" },
    { line: "shard lst", exit: 127, says: 'did you mean "fleet shard list"?', why: "a typo in a topic" },
    { line: "clustr list", exit: 127, says: 'did you mean "fleet cluster list"?', why: "a typo of a topic" },
    { line: "frobnicate", exit: 127, says: "fleet --help", why: "nothing is near" },
    { line: "shard frobnicate", exit: 127, says: "fleet shard --help", why: "nothing is near in its topic" },
    { line: "--no-color", exit: 2, says: "fleet --help", why: "a flag of no command" },
    { line: "help status --frob", exit: 2, says: "fleet help --help", why: "a flag that help has not" },
    { line: "status --frob", exit: 2, says: "unknown flag: --frob", why: "an unknown flag" },
    { line: "shard list --colums x", exit: 2, says: "did you mean --columns?", why: "a typo of a flag" },
    { line: "shard list -o jsn", exit: 2, says: "did you mean --output json?", why: "a typo of a value" },
    { line: "status extra", exit: 2, says: "unexpected argument: extra", why: "too much" },
    { line: "cluster bind --cluster c1", exit: 2, says: "--to is missing", why: "too little" },
    { line: "init --nodes 2", exit: 2, says: "1, 3, 5", why: "an even number of voters" },
    {
      line: "cluster bind c --to s --timeout 5",
      exit: 2,
      says: "5 is not a duration",
      why: "no unit",
    },
    { line: "drill kill-leader --slo nonsense", exit: 2, says: "--slo", why: "a gate that is none" },
    { line: "top", exit: 2, says: "fleet top --once", why: "a dashboard into a pipe" },
    { line: "recover --yes", exit: 2, says: "force-new-cluster", why: "an answer to no question" },
    { line: "recover --dir nowhere", exit: 3, says: "nowhere", why: "no fleet to look at" },
    { line: "destroy --dir nowhere", exit: 3, says: "nowhere", why: "no such fleet" },
  ])("fleet $line exits with $exit: $why", async ({ line, exit, says }) => {
    const ran = await run(line);
    expect(ran.stderr).toContain(says);
    expect({ exit: ran.exit, stdout: ran.stdout }).toEqual({ exit, stdout: "" });
    expectShort(ran.stderr);
    const json = await run(`${line} --json`);
    expect({ exit: json.exit, stderr: json.stderr }).toEqual({ exit, stderr: "" });
    expect(JSON.parse(json.stdout)).toMatchObject({ schemaVersion: 1, kind: "Error", error: { exit } });
    expectShort(json.stdout);
  });
});

describe("without any fleet", () => {
  test.each([
    "status",
    "shard list",
    "cluster list",
    "domain list",
    "audit list",
    "audit verify",
    "audit head",
    "context view",
    "top --once",
    "cluster bind c1 --to s1",
    "rebind c1 --to s2",
    "drill kill-leader",
  ])("fleet %s exits with 3 and says how to make or name one", async (line) => {
    const { stdout, stderr, exit } = await run(line);
    expect({ stdout, exit }).toEqual({ stdout: "", exit: 3 });
    expect(stderr).toContain("[FLEET_E_CONTEXT_MISSING]");
    expect(stderr).toContain("fleet init");
  });

  test("under --json the same is JSON on stdout", async () => {
    const { stdout, stderr, exit } = await run("status --json");
    expect({ stderr, exit }).toEqual({ stderr: "", exit: 3 });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "FLEET_E_CONTEXT_MISSING", exit: 3 } });
  });

  test("fleet version answers", async () => {
    expect((await run("version")).stdout).toMatch(/^fleet \d+\.\d+\.\d+ \(node v\d+\.\d+\.\d+, \S+\)\n$/);
    expect(JSON.parse((await run("version -o json")).stdout)).toMatchObject({
      kind: "Version",
      node: process.version,
    });
    expect((await run("version -o name")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("fleet context list has nothing to list, and says so beside the data", async () => {
    const { stdout, stderr, exit } = await run("context list");
    expect({ stdout, stderr, exit }).toEqual({
      stdout: "",
      stderr: "no contexts yet; fleet init makes one\n",
      exit: 0,
    });
  });
});

describe("Node", () => {
  // Nothing beside the program: a checkout that was not built yet.
  const UNBUILT = /^fleet is not built.* Run npm ci .*\n$/;
  test.each([{ version: "22.12.0" }, { version: "22.11.9" }, { version: "20.20.2" }, { version: "23.0.0" }])(
    "under $version fleet runs, by the Node that npm ci brought if need be",
    async ({ version }) => {
      const { exit, stdout } = await runNode(process.execPath, program, ...pretending(version));
      expect({ exit, stdout }).toEqual({ exit: 0, stdout: expect.stringMatching(/^fleet \d/) });
    },
  );

  test.each([
    { version: "22.12.0", isEnough: true },
    { version: "22.11.9", isEnough: false },
    { version: "20.20.2", isEnough: false },
  ])("without that one $version is enough: $isEnough", async ({ version, isEnough }) => {
    // The program alone, with nothing beside it.
    const alone = join(home.home, "alone", "bin", "run.js");
    await mkdir(dirname(alone), { recursive: true });
    await copyFile(program, alone);
    await writeFile(join(home.home, "alone", "package.json"), '{"type": "module"}');
    const { exit, stderr } = await runNode(process.execPath, alone, ...pretending(version));
    expect(exit).toBe(3);
    expect(stderr).toMatch(isEnough ? UNBUILT : /^fleet needs Node 22\.12 or newer.*\n$/);
  });

  const pretending = (version: string): string[] => {
    const stub = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`;
    return ["--import", `data:text/javascript,${encodeURIComponent(stub)}`];
  };

  test("every Node of this machine runs fleet", async () => {
    const places = new Set(["/usr/bin", "/usr/local/bin", ...(process.env["PATH"] ?? "").split(":")]);
    for (const place of places) {
      const { exit, stderr } = await runNode(join(place, "node"), program);
      if (stderr !== "ENOENT") expect({ place, exit, stderr }).toEqual({ place, exit: 0, stderr: "" });
    }
  });

  /** `fleet version` under a Node of choice. */
  function runNode(node: string, run: string, ...options: readonly string[]): Promise<Ran> {
    return new Promise((resolve) => {
      const cwd = home.home;
      execFile(node, [...options, run, "version"], { cwd, env: home.env }, (error, stdout, stderr) => {
        const exit = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ exit, stdout, stderr: error?.code === "ENOENT" ? "ENOENT" : stderr });
      });
    });
  }
});

/** No stack, no dump of oclif's configuration, no colour. */
function expectShort(text: string): void {
  expect(text.length).toBeLessThan(600);
  expect(text).not.toMatch(/ at .*:\d+:\d+/);
  expect(text).not.toContain("\u001b");
}

/** Help breaks lines where it likes. */
const words = (text: string): string => text.replaceAll(/\s+/g, " ").trim();

describe("fleet docs", () => {
  test.each([
    { line: "docs", says: "# Command reference" },
    { line: "docs rebind", says: "## fleet rebind apply" },
    { line: "docs --json", says: '"pages": [' },
  ])("fleet $line", async ({ line, says }) => {
    const { stdout, stderr, exit } = await run(line);
    expect({ stderr, exit }).toEqual({ stderr: "", exit: 0 });
    expect(stdout).toContain(says);
  });

  test("a topic that is not there is not found, and the nearest is named", async () => {
    expect(await run("docs rebnd")).toMatchObject({
      exit: 3,
      stderr: expect.stringContaining("next: fleet docs rebind"),
    });
  });

  test("--to writes every page, removes its own old ones, and leaves other files", async () => {
    const folder = join(home.home, "pages");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "gone.md"), `# Gone\n\n${MADE}\n`);
    await writeFile(join(folder, "own.md"), "# Mine\n");
    expect(await run("docs --to pages")).toMatchObject({ exit: 0, stdout: "" });
    const names = await readdir(folder);
    expect(names).toEqual(expect.arrayContaining(["README.md", "shard.md", "own.md"]));
    expect(names).not.toContain("gone.md");
  });

  test("--to with -o json lists the pages that were written", async () => {
    const { stdout, exit } = await run("docs --to pages -o json");
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "CommandReference", text: "" });
    expect(JSON.parse(stdout).pages).toEqual(expect.arrayContaining(["README", "shard"]));
  });
});
