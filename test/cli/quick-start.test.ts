// What a process loads before it does anything, since that is most of its start and of an idle coordinator's memory
// (bench/RESULTS.md). The clock is not asked: these are counts.

import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { program } from "../integration/local-fleet.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";

const run = promisify(execFile);
const preload = new URL("loaded-modules-preload.ts", import.meta.url).href;
const nowhere = ["--endpoints", "127.0.0.1:1", "--insecure-loopback"];

let home = "";

beforeAll(async () => {
  home = await makeFolder();
});
afterAll(() => removeFolder(home));

/** The files that `fleet ARGS` loads, as paths in this project. */
async function loadedBy(args: readonly string[]): Promise<readonly string[]> {
  const list = join(home, "modules");
  await rm(list, { force: true });
  const env = {
    PATH: process.env["PATH"],
    HOME: home,
    NODE_OPTIONS: `--import ${preload}`,
    LOADED_MODULES: list,
  };
  // How it ends does not matter here: no fleet answers.
  await run(process.execPath, [program, ...args], { cwd: home, env }).catch(() => undefined);
  const root = program.replace(/bin\/run\.js$/, "");
  return (await readFile(list, "utf8"))
    .trim()
    .split("\n")
    .map((path) => path.replace(root, ""));
}

test("fleet --version loads its first file alone", async () => {
  expect(await loadedBy(["--version"])).toEqual(["bin/run.js"]);
});

test("fleet status loads the bundle, and nothing of oclif's configuration", async () => {
  const files = await loadedBy(["status", ...nowhere]);
  expect(files.filter((path) => !path.startsWith("dist/bundle/"))).toEqual(["bin/run.js"]);
  expect(files.length).toBeLessThan(30);
});

test.each([
  { line: "shard list", why: "two words" },
  { line: "shard show s1", why: "with an argument" },
  { line: "domain assign zone=eu-1 --to s1", why: "an argument with a value" },
  { line: "rebind c1 c2 --to s2", why: "a topic that is a command" },
  { line: "rebind plan c1 --to s2", why: "the longest command counts" },
])("fleet $line loads the bundle of commands: $why", async ({ line }) => {
  // Without a fleet: nothing is waited for.
  const files = await loadedBy(line.split(" "));
  expect(files.filter((path) => !/^dist\/(commands-)?bundle\//.test(path))).toEqual(["bin/run.js"]);
  expect(files.length).toBeLessThan(60);
});

test("a coordinator loads the bundle, and neither ink nor S3 nor YAML", async () => {
  const files = await loadedBy([
    ...["serve", "coordinator", "--id", "1", "--name", "n1", "--fleet", "f", "--cluster-id", "c"],
    ...["--listen", "127.0.0.1:0", "--peers", "1=n1@127.0.0.1:1", "--data", "/dev/null/data"],
    "--insecure-loopback",
  ]);
  expect(files.filter((path) => !path.startsWith("dist/bundle/"))).toEqual(["bin/run.js"]);
  expect(files.filter((path) => /ink|s3|yaml|status/.test(path))).toEqual([]);
  expect(files.some((path) => path.includes("coordinator"))).toBe(true);
  // Node's fetch alone takes 14 MB, and an import of node:http loads it.
  const own = await readFile(join(home, "modules.own"), "utf8");
  expect(own).toContain("NativeModule http2");
  expect(own).not.toMatch(
    /NativeModule (?:zlib|readline|internal\/(?:file|deps\/undici\/undici|crypto\/webcrypto))$/m,
  );
});

test.each([
  { line: "status --help", says: "USAGE", why: "help is oclif's" },
  { line: "help shard list", says: "USAGE", why: "help is oclif's, also as a command" },
  { line: "shard", says: "COMMANDS", why: "a topic alone shows its commands" },
  { line: "drill list --dir . --json", says: "schemaVersion", why: "a command of the bundle" },
  {
    line: "-o json status --endpoints 127.0.0.1:1 --insecure-loopback",
    says: '"kind"',
    why: "flags may stand first",
  },
])("fleet $line: $why", async ({ line, says }) => {
  const env = { PATH: process.env["PATH"], HOME: home };
  const ran = await run(process.execPath, [program, ...line.split(" ")], { cwd: home, env }).catch(
    (error: { readonly stdout: string }) => error,
  );
  expect(ran.stdout).toContain(says);
});
