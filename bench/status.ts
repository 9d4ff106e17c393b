// `fleet status` as a process of its own, on a warm machine.

import { TestFleet } from "../test/integration/local-fleet.ts";
import { durationTable, type Table } from "./table.ts";

const RUNS = 20;

export async function benchStatus(): Promise<readonly Table[]> {
  const fleet = await TestFleet.init();
  try {
    await fleet.run("status");
    const runsMs: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const startedMs = performance.now();
      await fleet.run("status");
      runsMs.push(performance.now() - startedMs);
    }
    return [durationTable("Status", [{ what: "`fleet status`, three nodes", runsMs, goal: "≤ 300 ms" }])];
  } finally {
    await fleet.dispose();
  }
}
