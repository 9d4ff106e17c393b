// `npm run sim:mutants`: does the simulator find bugs? Each deliberate bug is patched into a copy of the sources,
// which the simulator then runs; the seeds that it needed are told. Exit code 1 when one survives.
// `--seeds COUNT` at most for each (5000), `--only NAME`.

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Edit, MUTATIONS, type Mutation } from "./mutations.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOUND: readonly (number | null)[] = [1, 2];

interface Detection {
  /** Runs up to the first that failed; null = none did. */
  readonly seeds: number | null;
  readonly what: string;
}

const { values } = parseArgs({ options: { seeds: { type: "string" }, only: { type: "string" } } });
process.exitCode = await main(Number(values.seeds ?? "5000"), values.only ?? null);

async function main(seedsMax: number, only: string | null): Promise<number> {
  const chosen = MUTATIONS.filter(({ name }) => only === null || name === only);
  let survivors = 0;
  for (const mutation of chosen) {
    const { seeds, what } = await detect(mutation, seedsMax);
    if (seeds === null) survivors += 1;
    const result = seeds === null ? `SURVIVED ${seedsMax} seeds` : `${seeds} seeds`;
    console.log(`${mutation.name.padEnd(30)} ${result.padStart(10)}  ${what}`);
  }
  console.log(`mutants: ${chosen.length - survivors} of ${chosen.length} found`);
  return survivors === 0 ? 0 : 1;
}

async function detect(mutation: Mutation, seedsMax: number): Promise<Detection> {
  const folder = mkdtempSync(join(tmpdir(), "fleet-mutant-"));
  try {
    for (const part of ["src/core", "test/sim", "package.json"]) {
      cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const edit of mutation.edits) patch(folder, mutation.name, edit);
    return await simulate(folder, seedsMax);
  } finally {
    rmSync(folder, { recursive: true, force: true });
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
function simulate(folder: string, seedsMax: number): Promise<Detection> {
  const args = ["test/sim/run.ts", "--brief", "--seeds", String(seedsMax)];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    output += data.toString();
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => {
      const [, seed, what] = /^seed (\d+): (.*)$/m.exec(output) ?? [];
      if (FOUND.includes(exitCode) && seed !== undefined) resolve({ seeds: Number(seed), what: what ?? "" });
      else if (exitCode === 0) resolve({ seeds: null, what: "" });
      else reject(new Error(`the simulator broke (exit code ${exitCode}):\n${output}`));
    });
  });
}
