// `npm run sim:mutants`: does the simulator find bugs? Each deliberate bug is patched into a copy of the sources,
// which the simulator then runs; the seeds that it needed are told. Of a bug that random runs meet too seldom, the test
// that finds it is run instead, and told. Exit code 1 when one survives.
// `--seeds COUNT` at most for each (5000), `--only NAMES`.

import { spawn } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeFolder, removeFolder } from "../make-folder.ts";
import type { Edit, Mutation, NamedTest } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const COPIED = ["src", "test", "package.json", "tsconfig.json", "vitest.config.ts"];
const FOUND: readonly (number | null)[] = [1, 2];

interface Detection {
  /** Who found it, or how long it was looked for. */
  readonly found: boolean;
  readonly by: string;
  readonly what: string;
}

const { values } = parseArgs({ options: { seeds: { type: "string" }, only: { type: "string" } } });
process.exitCode = await main(Number(values.seeds ?? "5000"), values.only ?? null);

async function main(seedsMax: number, only: string | null): Promise<number> {
  const chosen = only === null ? MUTATIONS : only.split(",").map(named);
  let survivors = 0;
  for (const mutation of chosen) {
    const { found, by, what } = await detect(mutation, seedsMax);
    if (!found) survivors += 1;
    console.log(`${mutation.name.padEnd(32)} ${(found ? by : `SURVIVED ${by}`).padEnd(16)} ${what}`);
  }
  console.log(`mutants: ${chosen.length - survivors} of ${chosen.length} found`);
  return survivors === 0 ? 0 : 1;
}

function named(wanted: string): Mutation {
  const mutation = MUTATIONS.find(({ name }) => name === wanted);
  if (mutation === undefined) throw new Error(`no deliberate bug has the name ${wanted}`);
  return mutation;
}

async function detect(mutation: Mutation, seedsMax: number): Promise<Detection> {
  const folder = await makeFolder();
  try {
    for (const part of COPIED) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const edit of mutation.edits) patch(folder, mutation.name, edit);
    return await (mutation.test === undefined ? simulate(folder, seedsMax) : runTest(folder, mutation.test));
  } finally {
    await removeFolder(folder);
  }
}

function patch(folder: string, name: string, { file, search, replace }: Edit): void {
  const path = join(folder, file);
  const parts = readFileSync(path, "utf8").split(search);
  if (parts.length !== 2)
    throw new Error(`${name}: its patch fits ${parts.length - 1} places of ${file}, not one`);
  writeFileSync(path, parts.join(replace));
}

/** Runs the patched simulator; a crash of it finds nothing. */
async function simulate(folder: string, seedsMax: number): Promise<Detection> {
  const { exitCode, output } = await run(folder, "test/sim/run.ts", "--brief", "--seeds", String(seedsMax));
  const [, seed, what] = /^seed (\d+): (.*)$/m.exec(output) ?? [];
  if (FOUND.includes(exitCode) && seed !== undefined)
    return { found: true, by: `${seed} seeds`, what: what ?? "" };
  if (exitCode === 0) return { found: false, by: `${seedsMax} seeds`, what: "" };
  throw new Error(`the simulator broke (exit code ${exitCode}):\n${output}`);
}

/** Runs one test; it finds the bug by failing, and nothing else may. */
async function runTest(folder: string, { file, name }: NamedTest): Promise<Detection> {
  const pattern = `${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`;
  const { exitCode, output } = await run(
    folder,
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project=unit",
    "--project=unit-alone",
    file,
    "-t",
    pattern,
  );
  const what = `${file}: ${name}`;
  const [, failed] = /^\s*Tests\s+(\d+) failed/m.exec(output) ?? [];
  if (exitCode === 1 && failed === "1") return { found: true, by: "a test", what };
  if (exitCode === 0) return { found: false, by: "its test", what };
  throw new Error(`the test ${name} broke (exit code ${exitCode}):\n${output}`);
}

interface Ran {
  readonly exitCode: number | null;
  readonly output: string;
}

function run(folder: string, ...args: readonly string[]): Promise<Ran> {
  const env = { ...process.env, NO_COLOR: "1" };
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (data: Buffer) => {
    output += data.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, output }));
  });
}
