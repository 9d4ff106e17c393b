// A replica of a million rows: its restart, and taking in a snapshot while it is full, with the flags that coordinators get.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Table } from "./table.ts";

const run = promisify(execFile);
const ROWS = 1_000_000;
const FLAGS = ["--max-semi-space-size=4", "--max-old-space-size=512"];
const replica = fileURLToPath(new URL("restore/replica.ts", import.meta.url));

export async function benchRestore(): Promise<readonly Table[]> {
  const directory = await mkdtemp(join(tmpdir(), "fleet-restore-"));
  try {
    await run(process.execPath, ["--max-old-space-size=4096", replica, "prepare", directory, String(ROWS)]);
    const { stdout } = await run(process.execPath, [...FLAGS, replica, "run", directory]);
    console.log(stdout);
    return [];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
