// What many idle Raft groups cost three processes, and how fast all groups have a leader again after a process dies or
// hangs. It compares 1 000 groups beside the fleet's own with none.

import { setTimeout as sleep } from "node:timers/promises";
import { present } from "../src/core/base/assert.ts";
import { GroupFleet } from "./load/group-fleet.ts";
import type { Server } from "./load/server.ts";
import { median } from "./statistics.ts";
import type { Table } from "./table.ts";

const GROUPS = [0, 1_000] as const;
const RUNS = 3;
const IDLE_MS = 10_000;
const MEGABYTE = 1024 * 1024;

/** By what was measured; of several runs or processes the median, lowest and highest. */
type Results = ReadonlyMap<string, string>;

export async function benchGroups(): Promise<readonly Table[]> {
  const measured: Results[] = [];
  for (const groups of GROUPS) measured.push(await measure(groups));
  const [first] = measured;
  const rows = [...present(first, "something was measured").keys()].map((what) => [
    what,
    ...measured.map((results) => results.get(what) ?? "–"),
  ]);
  const header = ["three nodes", ...GROUPS.map((groups) => `${groups + 1} group${groups > 0 ? "s" : ""}`)];
  return [{ title: "Idle Raft groups: their cost and their failover", header, rows }];
}

async function measure(groups: number): Promise<Results> {
  const fleet = await GroupFleet.prepare(groups);
  try {
    const results = new Map<string, string>();
    fleet.start();
    results.set("founding → every group led", ms([await fleet.untilAllLed()]));
    results.set("→ all but the fleet's own quiescent, after", ms([await fleet.untilQuiescent()]));
    await noteIdle(fleet, "", results);
    results.set("disk, mean of a node", `${whole((await fleet.diskBytes()) / MEGABYTE)} MB`);
    await noteRestart(fleet, results);
    const killed = await failovers(fleet, (victim) => victim.kill());
    results.set("SIGKILL of a node → every group led", ms(killed));
    const [victim, ...survivors] = fleet.servers;
    await present(victim, "there are three").kill();
    await fleet.untilAllLed(survivors);
    await fleet.untilQuiescent(survivors);
    await noteIdle(fleet, ", one node dead", results);
    present(victim, "there are three").start();
    await fleet.untilQuiescent();
    const paused = await failovers(fleet, async (hanging) => hanging.pause());
    results.set("SIGSTOP of a node → every group led", ms(paused));
    return results;
  } finally {
    await fleet.dispose();
  }
}

async function noteRestart(fleet: GroupFleet, results: Map<string, string>): Promise<void> {
  const runsMs: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    await Promise.all(fleet.servers.map((server) => server.kill()));
    fleet.start();
    runsMs.push(await fleet.untilAllLed());
    await fleet.untilQuiescent();
  }
  results.set("start of all three → every group led", ms(runsMs));
}

/** Each time the node that leads most groups; it comes back and all is quiet before the next. */
async function failovers(fleet: GroupFleet, strike: (victim: Server) => Promise<unknown>): Promise<number[]> {
  const runsMs: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const victim = await leaderOfMost(fleet);
    const survivors = fleet.servers.filter((server) => server !== victim);
    const struck = strike(victim);
    runsMs.push(await fleet.untilAllLed(survivors));
    await struck;
    if (victim.pid === undefined) victim.start();
    else victim.resume();
    await fleet.untilAllLed();
    await fleet.untilQuiescent();
  }
  return runsMs;
}

async function leaderOfMost(fleet: GroupFleet): Promise<Server> {
  const led = await Promise.all(
    fleet.servers.map(async (server) => ({ server, led: (await fleet.look(server))?.led ?? 0 })),
  );
  const [most] = led.sort((a, b) => b.led - a.led);
  return present(most, "there are servers").server;
}

async function noteIdle(fleet: GroupFleet, when: string, results: Map<string, string>): Promise<void> {
  const look = () =>
    Promise.all(
      fleet.servers.map(async (server) => ({ usage: server.usage(), counts: await fleet.look(server) })),
    );
  const before = await look();
  const startedMs = performance.now();
  await sleep(IDLE_MS);
  const elapsedS = (performance.now() - startedMs) / 1_000;
  const after = await look();
  const live = after.flatMap(({ usage, counts }, at) => {
    const was = before[at];
    return usage && counts && was?.usage && was.counts
      ? [{ usage, counts, wasUsage: was.usage, wasCounts: was.counts }]
      : [];
  });
  const cpu = live.map(({ usage, wasUsage }) => (usage.cpuMs - wasUsage.cpuMs) / 10 / elapsedS);
  const messages = live.map(
    ({ counts, wasCounts }) => (counts.messagesSent - wasCounts.messagesSent) / elapsedS,
  );
  const frames = live.map(({ counts, wasCounts }) => (counts.framesSent - wasCounts.framesSent) / elapsedS);
  const resident = live.map(({ usage }) => usage.residentBytes / MEGABYTE);
  results.set(`idle${when}: CPU of a process`, range(cpu, "%", 1));
  results.set(`idle${when}: resident memory`, range(resident, "MB"));
  results.set(`idle${when}: messages sent a second`, range(messages, ""));
  results.set(`idle${when}: frames sent a second`, range(frames, ""));
}

const whole = (value: number): string => value.toFixed(0);
const ms = (values: readonly number[]): string => range(values, "ms");

function range(values: readonly number[], unit: string, digits = 0): string {
  const middle = `${median(values).toFixed(digits)} ${unit}`.trim();
  if (values.length === 1) return middle;
  return `${middle} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
}
