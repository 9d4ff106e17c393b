// `fleet init` from the command to the first committed write, seen from outside: the whole process.

import { TestFleet } from "../test/integration/local-fleet.ts";
import { durationTable, type Table } from "./table.ts";

const RUNS = 5;

export async function benchStart(): Promise<readonly Table[]> {
  const runsMs: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const fleet = await TestFleet.empty();
    try {
      const startedMs = performance.now();
      const { exit, stderr } = await fleet.run("init");
      if (exit !== 0) throw new Error(stderr);
      runsMs.push(performance.now() - startedMs);
    } finally {
      await fleet.dispose();
    }
  }
  return [durationTable("Start", [{ what: "`fleet init`, three nodes, to its end", runsMs, goal: "≤ 5 s" }])];
}
