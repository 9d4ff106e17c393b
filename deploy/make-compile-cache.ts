// Part of `npm run build`: dist/compile-cache, what V8 has compiled of a coordinator when it leads. A coordinator that finds
// it starts with a quarter less work (bench/RESULTS.md). One coordinator runs for this, in a folder of its own. V8 takes
// the cache only with the same flags, so it has those that all coordinators have.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROCESS_MEMORY } from "../src/client/processes/process-memory.ts";
import { DIST } from "./bundling.ts";

const program = fileURLToPath(new URL("../bin/run.js", import.meta.url));
const NOWHERE = "127.0.0.1:0";
/** The fleet's group leads once it can write. */
const LEADS = '"leads"';
const LIMIT_MS = 60_000;

await rm(join(DIST, "compile-cache"), { recursive: true, force: true });
const folder = await mkdtemp(join(tmpdir(), "fleet-compile-cache-"));
try {
  await runUntilItLeads(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function runUntilItLeads(data: string): Promise<void> {
  const { nodeFlags } = PROCESS_MEMORY.coordinator;
  const names = ["--id", "1", "--name", "n1", "--fleet", "build", "--cluster-id", "build"];
  const ports = ["--listen", NOWHERE, "--peers", "1=n1@127.0.0.1:1", "--insecure-loopback"];
  const etcd = ["--etcd-listen", NOWHERE, "--etcd-plaintext", "--metrics", NOWHERE];
  const args = ["serve", "coordinator", ...names, ...ports, ...etcd, "--data", data, "--bootstrap"];
  // Another folder for the cache would be used instead.
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const child = spawn(process.execPath, [...nodeFlags, program, ...args], {
    ...{ env, stdio: ["ignore", "pipe", "inherit"], timeout: LIMIT_MS },
  });
  let log = "";
  child.stdout.on("data", (text: Buffer) => {
    log += text;
    if (log.includes(LEADS)) child.kill("SIGTERM");
  });
  const [exit] = await once(child, "exit");
  if (exit !== 0) throw new Error(`the coordinator that fills the compile cache ended with ${exit}: ${log}`);
}
