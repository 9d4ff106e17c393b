// `npm run sim`: runs seeds until one fails, shrinks that one, and says how to see it again.
// Exit codes: 1 a safety violation, 2 a liveness failure, 3 the simulator itself broke or was called wrongly.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { failureReport } from "../../src/core/sim/report.ts";
import type { RunResult, RunVerdict } from "../../src/core/sim/run-result.ts";
import { shrink } from "../../src/core/sim/shrink.ts";
import { simulate } from "../../src/core/sim/simulation.ts";
import { drawSwarm } from "../../src/core/sim/swarm.ts";
import { type RunnerOptions, runnerOptions, USAGE } from "./options.ts";
import { Totals } from "./totals.ts";

const EXIT: Readonly<Record<RunVerdict, number>> = { ok: 0, safety: 1, liveness: 2, crash: 3 };
const SHRINKING_RUNS_MAX = 300;

async function main(): Promise<number> {
  let options: RunnerOptions;
  try {
    options = runnerOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n${USAGE}`);
    return EXIT.crash;
  }
  return options.isReplay ? replay(options) : runAll(options);
}

async function replay({ from, swarm, stepsMax, trace }: RunnerOptions): Promise<number> {
  const events: string[] = [];
  const [first, second] = [await runOne(from, (line) => void events.push(line)), await runOne(from)];
  if (trace !== undefined) writeFileSync(trace, `${events.join("\n")}\n`);
  if (first.traceHash !== second.traceHash) {
    console.error(`seed ${from} gave two runs: ${first.traceHash} and ${second.traceHash}`);
    return EXIT.crash;
  }
  console.log(failureReport(first, swarm, commit()));
  return EXIT[first.verdict];

  function runOne(seed: number, onEvent?: (line: string) => void): Promise<RunResult> {
    return simulate(drawSwarm(seed, swarm), stepsMax, onEvent);
  }
}

async function runAll({ from, seeds, swarm, stepsMax, isBrief }: RunnerOptions): Promise<number> {
  const totals = new Totals();
  for (let seed = from; seed < from + seeds; seed += 1) {
    const result = await simulate(drawSwarm(seed, swarm), stepsMax);
    totals.add(result);
    if (result.verdict === "ok") continue;
    console.log(totals.summary());
    console.log(`seed ${seed}: ${result.verdict}: ${result.what}`);
    if (isBrief) return EXIT[result.verdict];
    const shrunk = await shrink(result, swarm, SHRINKING_RUNS_MAX);
    console.log(failureReport(shrunk.result, shrunk.options, commit()));
    return EXIT[result.verdict];
  }
  console.log(totals.summary());
  return EXIT.ok;
}

/** "dirty" behind it: the working tree differs, so the commit alone does not give the run again. */
function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }).trim();
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain", "src") === "" ? "" : " (dirty)"}`;
  } catch {
    return "unknown";
  }
}

process.exitCode = await main();
