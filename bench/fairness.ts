// One shard storms the leader with reports, on as many connections as it may have. Measures another shard's report, an
// administrator's `fleet status` and a write, as ratios to the same without the storm. Rounds with and without it
// alternate.

import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { loadLocalFleet } from "../src/client/files/local-fleet.ts";
import type { FleetClient } from "../src/client/fleet-client.ts";
import { TestFleet } from "../test/integration/local-fleet.ts";
import { reportOf, send } from "./fairness/report-call.ts";
import type { Storm, Told } from "./fairness/storm-child.ts";
import { worldOf } from "./soak/attackers.ts";
import { open, type World } from "./soak/world.ts";
import { median, quantile } from "./statistics.ts";
import type { Table } from "./table.ts";

const CHILD = fileURLToPath(new URL("fairness/storm-child.ts", import.meta.url));
const HOSTILE = "evil";
const VICTIM = "crowd-1";
/** Two identities: a cluster's, and the other shard's. */
const CROWD = { connections: 10, streamsEach: 0 };
const EVERY_MS = 40;
const RAMP_MS = 2_000;
const OK = 0;
const WRITE_DEADLINE_MS = 30_000;

export interface FairnessSize {
  readonly rounds: number;
  readonly phaseMs: number;
  readonly connections: number;
  readonly atOnce: number;
}

const FULL: FairnessSize = { rounds: 3, phaseMs: 6_000, connections: 64, atOnce: 32 };
const KINDS = ["report", "status", "write"] as const;
type Kind = (typeof KINDS)[number];
type Phase = Readonly<Record<Kind, readonly number[]>>;

interface Scene {
  readonly world: World;
  readonly client: FleetClient;
}

export async function benchFairness(size = FULL): Promise<readonly Table[]> {
  const home = await TestFleet.init("--shards", "1");
  try {
    const client = await home.client();
    const fleet = await loadLocalFleet(home.directory);
    const scene = { world: await worldOf(fleet, CROWD), client };
    const [alone, beside, storms]: [Phase[], Phase[], Told[]] = [[], [], []];
    const before = await termOf(client);
    for (let round = 0; round < size.rounds; round += 1) {
      alone.push(await measure(scene, size.phaseMs));
      const storm = new Stormer(scene.world, await leaderOf(client), size);
      try {
        await sleep(RAMP_MS);
        beside.push(await measure(scene, size.phaseMs));
        storms.push(storm.told);
      } finally {
        storm.end();
      }
    }
    return [tableOf(alone, beside, storms, size, (await termOf(client)) - before)];
  } finally {
    await home.dispose();
  }
}

class Stormer {
  readonly #child: ChildProcess;
  told: Told = { served: 0, refused: 0, unanswered: 0 };

  constructor(world: World, address: string, { connections, atOnce }: FairnessSize) {
    const storm: Storm = { world, address, shardId: HOSTILE, connections, atOnce };
    this.#child = fork(CHILD, { stdio: ["pipe", "inherit", "inherit", "ipc"] });
    this.#child.on("message", (told: Told) => {
      this.told = told;
    });
    process.on("exit", this.end);
    this.#child.stdin?.end(JSON.stringify(storm));
  }

  readonly end = (): void => {
    process.off("exit", this.end);
    this.#child.kill("SIGKILL");
  };
}

async function measure({ world, client }: Scene, forMs: number): Promise<Phase> {
  const endMs = performance.now() + forMs;
  const dial = async () => open(world, await leaderOf(client), `fleet://shard/${VICTIM}`);
  let session = await dial();
  let cycle = Date.now();
  let number = 0;
  // As a shard does it: until a leader has taken it.
  const report = async () => {
    cycle += 1;
    while ((await send(session, reportOf(VICTIM, cycle))) !== OK) {
      session.destroy();
      session = await dial();
    }
  };
  const write = () => {
    number += 1;
    const operation = { kind: { $case: "recordProbe", value: { drillId: "fairness", number } } } as const;
    return client.submit(operation, { deadlineMs: WRITE_DEADLINE_MS });
  };
  try {
    const [reports, statuses, writes] = await Promise.all([
      timed(report, endMs),
      timed(() => client.status(), endMs),
      timed(write, endMs),
    ]);
    return { report: reports, status: statuses, write: writes };
  } finally {
    session.destroy();
  }
}

/** Milliseconds of each, ascending, one after the other. */
async function timed(act: () => Promise<unknown>, endMs: number): Promise<number[]> {
  const took: number[] = [];
  while (performance.now() < endMs) {
    const startedMs = performance.now();
    await act();
    took.push(performance.now() - startedMs);
    await sleep(EVERY_MS);
  }
  return took.sort((left, right) => left - right);
}

async function leaderOf(client: FleetClient): Promise<string> {
  for (;;) {
    const { nodes } = await client.status();
    const leads = nodes.find(({ status }) => status !== null && status.nodeId === status.leaderId);
    if (leads !== undefined) return leads.address;
  }
}

async function termOf(client: FleetClient): Promise<number> {
  const { nodes } = await client.status();
  return Math.max(...nodes.map(({ status }) => status?.term ?? 0));
}

const WORDS: Readonly<Record<Kind, string>> = {
  report: "another shard's report",
  status: "an administrator's status of all nodes",
  write: "an administrator's write",
};

function tableOf(
  alone: readonly Phase[],
  beside: readonly Phase[],
  storms: readonly Told[],
  { connections, atOnce }: FairnessSize,
  elections: number,
): Table {
  const of = (phases: readonly Phase[], kind: Kind, share: number) =>
    median(phases.map((phase) => quantile(phase[kind], share)));
  const rows = KINDS.flatMap((kind) =>
    [0.5, 0.99].map((share) => {
      const [without, during] = [of(alone, kind, share), of(beside, kind, share)];
      const what = `${WORDS[kind]}, p${share * 100}`;
      return [what, `${without.toFixed(1)} ms`, `${during.toFixed(1)} ms`, (during / without).toFixed(2)];
    }),
  );
  const most = (pick: (told: Told) => number) => Math.round(median(storms.map(pick)));
  const came = `${most(({ served }) => served)} served, ${most(({ refused }) => refused)} refused, ${most(({ unanswered }) => unanswered)} unanswered`;
  return {
    title: `One shard's storm on ${connections} connections, ${atOnce} reports at once on each: a round ${came}; ${elections} elections`,
    header: ["what", "without", "with", "ratio"],
    rows,
  };
}
