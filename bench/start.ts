// `fleet init` from the command to the first committed write; and the processes that a user or his shell starts most often.
// All are seen from outside: whole processes.

import { TestFleet } from "../test/integration/local-fleet.ts";
import { durationTable, type Measurement, type Table } from "./table.ts";

const INITS = 5;
const RUNS = 20;

/** What a shell's script runs at a press of tab (src/ui/model/completion/scripts.ts): `fleet` and these words. */
const complete = (line: string): readonly string[] => [
  ...["complete", "bash", `fleet ${line}`, "--"],
  ...line.split(" "),
];

export async function benchStart(): Promise<readonly Table[]> {
  return [durationTable("Start", [await inits(), ...(await shortProcesses())])];
}

async function inits(): Promise<Measurement> {
  const runsMs: number[] = [];
  for (let run = 0; run < INITS; run += 1) {
    const fleet = await TestFleet.empty();
    try {
      runsMs.push(await timed(fleet, ["init"]));
    } finally {
      await fleet.dispose();
    }
  }
  return { what: "`fleet init`, three nodes, to its end", runsMs, goal: "≤ 5 s" };
}

async function shortProcesses(): Promise<readonly Measurement[]> {
  // Names that come too late are left out, so that a shell never waits. Here it counts how long they take.
  const fleet = await TestFleet.empty({ FLEET_COMPLETION_TIMEOUT: "10s" });
  try {
    await timed(fleet, ["init", "--shards", "3", "--clusters", "12"]);
    return [
      await warm(fleet, "`fleet --version`", ["--version"], "≤ 80 ms"),
      await warm(fleet, "completion of a command", complete("clus"), "≤ 200 ms", "cluster"),
      await warm(fleet, "completion of a shard", complete("shard show s"), "≤ 200 ms", "s3"),
      await warm(fleet, "completion of a cluster", complete("cluster show c1"), "≤ 200 ms", "c12"),
    ];
  } finally {
    await fleet.dispose();
  }
}

/** Once before it counts: the first run fills the compile cache. */
async function warm(
  fleet: TestFleet,
  what: string,
  args: readonly string[],
  goal: string,
  says = "",
): Promise<Measurement> {
  await timed(fleet, args, says);
  const runsMs: number[] = [];
  for (let run = 0; run < RUNS; run += 1) runsMs.push(await timed(fleet, args, says));
  return { what, runsMs, goal };
}

/** Throws if the process fails, or answers without the name: such an answer would be quick. */
async function timed(fleet: TestFleet, args: readonly string[], says = ""): Promise<number> {
  const startedMs = performance.now();
  const { exit, stdout, stderr } = await fleet.run(...args);
  const tookMs = performance.now() - startedMs;
  const words = stdout.split(/\s/);
  if (exit !== 0 || (says !== "" && !words.includes(says)))
    throw new Error(`fleet ${args.join(" ")} ended with ${exit} and ${JSON.stringify(stdout)}: ${stderr}`);
  return tookMs;
}
