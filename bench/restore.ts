// A replica of a million rows: its restart, and taking in a snapshot while it is full, with the flags that coordinators get.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PROCESS_MEMORY } from "../src/client/processes/process-memory.ts";
import type { Table } from "./table.ts";

const run = promisify(execFile);
const ROWS = 1_000_000;
const replica = fileURLToPath(new URL("restore/replica.ts", import.meta.url));

interface Restored {
  readonly rows: number;
  readonly steadyMb: number;
  readonly restart: Watched & { readonly tookMs: number };
  readonly received: Watched & {
    readonly spoolMs: number;
    readonly checkMs: number;
    readonly restoreMs: number;
    readonly slowestAnswerMs: number;
  };
}

interface Watched {
  readonly worstPauseMs: number;
  readonly worstTurnCpuMs: number;
  readonly peakMb: number;
}

export async function benchRestore(count = ROWS): Promise<readonly Table[]> {
  const directory = await mkdtemp(join(tmpdir(), "fleet-restore-"));
  try {
    await run(process.execPath, ["--max-old-space-size=4096", replica, "prepare", directory, String(count)]);
    const { nodeFlags, environment } = PROCESS_MEMORY.coordinator;
    const env = { ...process.env, ...environment };
    const { stdout } = await run(process.execPath, [...nodeFlags, replica, "run", directory], { env });
    return [restoreTable(JSON.parse(stdout) as Restored)];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function restoreTable({ rows, steadyMb, restart, received }: Restored): Table {
  const ms = (value: number) => `${value} ms`;
  return {
    title: `A replica of ${rows} domains: its restart, and a snapshot while it is full`,
    header: ["what", "measured", "to reach"],
    rows: [
      ["restart", ms(restart.tookMs), "≤ 10 s"],
      ["restart: longest pause", ms(restart.worstPauseMs), "≤ 100 ms"],
      ["restart: longest turn, CPU", ms(restart.worstTurnCpuMs), "–"],
      ["receiving: spooled", ms(received.spoolMs), "–"],
      ["receiving: checked", ms(received.checkMs), "–"],
      ["receiving: restored", ms(received.restoreMs), "–"],
      ["receiving: longest pause", ms(received.worstPauseMs), "≤ 100 ms"],
      ["receiving: longest turn, CPU", ms(received.worstTurnCpuMs), "–"],
      ["receiving: slowest answer to a heartbeat", ms(received.slowestAnswerMs), "≤ 100 ms"],
      ["steady memory", `${steadyMb} MB`, "–"],
      ["receiving: peak ÷ steady memory", (received.peakMb / steadyMb).toFixed(2), "≤ 1.5"],
    ],
  };
}
