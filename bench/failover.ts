// The leader is killed twenty times under 50 writes a second, with the default LAN timings. Each time is from the
// SIGKILL to the survivors' first acknowledged write, as `fleet drill kill-leader` measures it.

import { TestFleet } from "../test/integration/local-fleet.ts";
import { durationTable, type Table } from "./table.ts";

const RUNS = 20;

interface Report {
  readonly measured: {
    readonly faultToLeaderMs: number;
    readonly faultToFirstWriteMs: number;
    readonly catchUpMs: number;
    readonly lost: number;
    readonly duplicated: number;
  };
}

export async function benchFailover(): Promise<readonly Table[]> {
  const fleet = await TestFleet.init();
  try {
    const reports: Report["measured"][] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const drill = [
        "drill",
        "kill-leader",
        "--yes",
        "--before",
        "1s",
        "--after",
        "500ms",
        "--report",
        `${run}.json`,
        "--json",
      ];
      const { exit, stdout, stderr } = await fleet.run(...drill);
      if (exit !== 0) throw new Error(`drill ${run} exited ${exit}: ${stderr}`);
      const { measured }: Report = JSON.parse(stdout);
      reports.push(measured);
    }
    const measurements = [
      { what: "kill → new leader", runsMs: reports.map((report) => report.faultToLeaderMs), goal: "–" },
      {
        what: "kill → first acknowledged write",
        runsMs: reports.map((report) => report.faultToFirstWriteMs),
        goal: "median ≤ 1.5 s, worst ≤ 3 s",
      },
      { what: "restart → caught up", runsMs: reports.map((report) => report.catchUpMs), goal: "–" },
    ];
    return [durationTable("Failover as the drill measures it", measurements)];
  } finally {
    await fleet.dispose();
  }
}
