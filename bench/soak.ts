// A fleet under a lab's load, with and without hostile callers: 2 000 connections, 10 000 streams, and every attack of
// soak/actors.ts again and again. They must cost no election, no acknowledged write, and little time of others. To find
// the attack that costs most, a few of them can be chosen.

import { setTimeout as sleep } from "node:timers/promises";
import { type LocalFleet, loadLocalFleet } from "../src/client/files/local-fleet.ts";
import type { FleetClient } from "../src/client/fleet-client.ts";
import { fillLab } from "../src/client/lab/fill-lab.ts";
import { LabFleet } from "../src/client/lab/lab-fleet.ts";
import { LabLink } from "../src/client/lab/lab-link.ts";
import { SteadyLab } from "../src/client/lab/steady-lab.ts";
import { inspectProcess } from "../src/client/processes/supervisor.ts";
import type { Durations } from "../src/core/lab/lab-report.ts";
import { LAB_DOMAIN_KEY } from "../src/core/lab/names.ts";
import { type LabSize, SIZES } from "../src/core/lab/size.ts";
import { TestFleet } from "../test/integration/local-fleet.ts";
import { UsageWatch } from "./lab/usage.ts";
import { usageOf } from "./load/server.ts";
import { ACTORS } from "./soak/actors.ts";
import { Attackers, type CrowdSize, worldOf } from "./soak/attackers.ts";
import { prepare } from "./soak/prepare.ts";
import { ProbeWriter } from "./soak/probe-writer.ts";
import type { Table } from "./table.ts";

const WRITES_PER_SECOND = 20;
const SETTLE_MS = 3_000;

export interface SoakSize {
  readonly lab: LabSize;
  readonly crowd: CrowdSize;
  readonly forMs: number;
}

export const FULL: SoakSize = { lab: SIZES.M, crowd: { connections: 2_000, streamsEach: 5 }, forMs: 60_000 };

/** What the same load came to, once alone and once beside hostile callers. */
interface Phase {
  readonly commits: Durations;
  readonly reportsFailed: number;
  readonly elections: number;
  readonly coordinatorMb: number;
  readonly shardMb: number;
  readonly coordinatorCpu: number;
}

/** The attacks whose names have one of these texts in them; all by default. */
export function attacksWith(texts: readonly string[] = [""]): readonly string[] {
  return Object.keys(ACTORS).filter((name) => texts.some((text) => name.includes(text)));
}

export async function benchSoak(size = FULL, attacks = attacksWith()): Promise<readonly Table[]> {
  const home = await TestFleet.init("--shards", "1", "--clusters", "2");
  const client = await home.client();
  const link = new LabLink(client.target);
  const fleet = await loadLocalFleet(home.directory);
  const attackers = new Attackers(await worldOf(fleet, size.crowd, attacks));
  try {
    await prepare(home, fleet, client);
    const lab = new LabFleet(link, size.lab, 1);
    await fillLab(client, lab, { signal: new AbortController().signal, onProgress: () => undefined });
    await sleep(SETTLE_MS);
    const probes = new ProbeWriter(client);
    const measure = () => measurePhase({ client, lab, home, fleet }, size.forMs);
    const alone = await measure();
    const gathered = await attackers.gather();
    attackers.begin();
    const beside = await measure();
    const stopped = await attackers.stop();
    const lost = await probes.stop();
    return [
      tableOf(alone, beside, { lost, gathered, stopped }),
      { title: "What the hostile callers did", header: ["attack", "rounds"], rows: roundsOf(stopped.rounds) },
    ];
  } finally {
    attackers.dispose();
    link.close();
    await home.dispose();
  }
}

interface Scene {
  readonly client: FleetClient;
  readonly lab: LabFleet;
  readonly home: TestFleet;
  readonly fleet: LocalFleet;
}

async function measurePhase({ client, lab, home, fleet }: Scene, forMs: number): Promise<Phase> {
  const { domains } = await client.listDomains({ filter: { key: LAB_DOMAIN_KEY }, rowsMax: 2_000 });
  const before = await term(client);
  const coordinators = await watchOf(home, fleet, "coordinator");
  const shards = await watchOf(home, fleet, "shard");
  const steady = new SteadyLab(client, lab, {
    writesPerSecond: WRITES_PER_SECOND,
    dialEveryMs: 5_000,
    domains,
  });
  await sleep(forMs);
  const { commits, reports } = await steady.stop();
  const used = [...coordinators.stop().values()];
  const megabytes = (some: typeof used) => Math.max(...some.map((one) => one.residentBytesMax)) / 1e6;
  return {
    ...{ commits, reportsFailed: reports.failed, elections: (await term(client)) - before },
    coordinatorMb: megabytes(used),
    shardMb: megabytes([...shards.stop().values()]),
    coordinatorCpu: Math.max(...used.map(({ cpuShare }) => cpuShare)),
  };
}

async function watchOf(
  home: TestFleet,
  fleet: LocalFleet,
  role: "coordinator" | "shard",
): Promise<UsageWatch> {
  const { processes } = await home.deps();
  const plans = fleet.processes.filter((plan) => plan.role === role);
  const states = await Promise.all(plans.map(({ files }) => inspectProcess(files.pid, processes)));
  return new UsageWatch(
    states.flatMap((state) =>
      state.kind === "running" ? [{ usage: () => usageOf(state.identity.pid) }] : [],
    ),
  );
}

async function term(client: FleetClient): Promise<number> {
  const { nodes } = await client.status();
  return Math.max(...nodes.map(({ status }) => status?.term ?? 0));
}

interface Open {
  readonly connections: number;
  readonly streams: number;
}

interface Crowd {
  readonly lost: number;
  readonly gathered: Open;
  /** At the end. */
  readonly stopped: Open;
}

function tableOf(alone: Phase, beside: Phase, { lost, gathered, stopped }: Crowd): Table {
  const ms = ({ commits }: Phase, which: "p50Ms" | "p99Ms" | "worstMs") =>
    `${(commits[which] ?? 0).toFixed(1)} ms`;
  const ratio = (beside.commits.p99Ms ?? 0) / (alone.commits.p99Ms ?? 1);
  const row = (what: string, of: (phase: Phase) => string, goal = "–") => [what, of(alone), of(beside), goal];
  const left = (which: keyof Open) => [
    `${which} still open at the end`,
    "–",
    `${stopped[which]} of ${gathered[which]}`,
    "–",
  ];
  return {
    title: `A lab beside hostile callers: ${gathered.connections} connections with ${gathered.streams} streams`,
    header: ["what", "without", "with", "to reach"],
    rows: [
      row("elections", ({ elections }) => String(elections), "0"),
      row("commits", ({ commits }) => String(commits.count)),
      row("commit p50", (phase) => ms(phase, "p50Ms")),
      row("commit p99", (phase) => ms(phase, "p99Ms"), "≤ 2×"),
      ["commit p99, ratio", "1.0×", `${ratio.toFixed(1)}×`, ratio <= 2 ? "reached" : "**missed**"],
      row("commit, the slowest", (phase) => ms(phase, "worstMs")),
      row("failed writes", ({ commits }) => String(commits.failed), "0"),
      row("failed reports", ({ reportsFailed }) => String(reportsFailed), "0"),
      ["acknowledged writes lost", "–", String(lost), "0"],
      row("the largest coordinator", ({ coordinatorMb }) => `${coordinatorMb.toFixed(0)} MB`, "≤ 512 MB"),
      row("the shard", ({ shardMb }) => `${shardMb.toFixed(0)} MB`, "≤ 512 MB"),
      row("CPU of the busiest coordinator", ({ coordinatorCpu }) => `${(100 * coordinatorCpu).toFixed(0)} %`),
      left("connections"),
      left("streams"),
    ],
  };
}

const roundsOf = (rounds: Readonly<Record<string, number>>): string[][] =>
  Object.entries(rounds).map(([name, count]) => [name, String(count)]);
