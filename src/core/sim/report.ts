// A failing run as text: what broke, what happened before, and the one command that shows it again.

import type { RunResult } from "./run-result.ts";
import { drawSwarm, type SwarmOptions } from "./swarm.ts";

/** `commit` names the program that ran: a seed means nothing without it. */
export function failureReport(result: RunResult, options: SwarmOptions, commit: string): string {
  const { noises, schedule } = drawSwarm(result.seed, options);
  const faults = schedule.map(({ id, atMs, kind, node, ms }) => {
    return `  ${id}: at ${atMs.toFixed(0)} ms ${kind} ${node === 0 ? "leader" : `n${node}`}, ${ms.toFixed(0)} ms`;
  });
  return [
    `seed ${result.seed} at commit ${commit}: ${result.verdict}`,
    ...(result.what === "" ? [] : [`  ${result.what}`]),
    `the last events, in virtual milliseconds (trace ${result.traceHash}):`,
    ...result.lastLines.map((line) => `  ${line}`),
    `noises: ${[...noises].join(", ") || "none"}`,
    `faults: ${faults.length === 0 ? "none" : ""}`,
    ...faults,
    ...(result.verdict === "crash" ? [result.stack] : []),
    `replay it: ${replayCommand(result.seed, options)}`,
  ].join("\n");
}

function replayCommand(seed: number, { durationMs, without, only }: SwarmOptions): string {
  return [
    `npm run sim -- --seed ${seed}`,
    ...(durationMs === null ? [] : [`--duration ${durationMs}`]),
    ...(without.size === 0 ? [] : [`--without ${[...without].join(",")}`]),
    ...(only === null ? [] : [`--only ${[...only].join(",") || "none"}`]),
  ].join(" ");
}
