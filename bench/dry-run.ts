// `fleet rebind apply --dry-run` of a large plan, as a process of its own. It reads the plan and the agents' file, and asks a
// real fleet of as many clusters. It prints every move (version 1) or every route (version 2).

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { agentsFilePath } from "../src/client/files/layout.ts";
import { FleetClient } from "../src/client/fleet-client.ts";
import { fillLab } from "../src/client/lab/fill-lab.ts";
import { LabFleet } from "../src/client/lab/lab-fleet.ts";
import { LabLink } from "../src/client/lab/lab-link.ts";
import { SteadyLab } from "../src/client/lab/steady-lab.ts";
import { formatPlan } from "../src/client/rebind/plan-file.ts";
import { bindingsHash } from "../src/client/rebind/waves/bindings-hash.ts";
import { createDirectoryDurably } from "../src/core/base/durable-file.ts";
import { createPlan } from "../src/core/rebind/plan.ts";
import { STRATEGY, type WavePlan } from "../src/core/rebind/waves/wave-plan.ts";
import { formatAgentsFile } from "../src/core/wire/files/agents-file.ts";
import { FleetStore } from "./load/fleet-store.ts";
import { durationTable, type Measurement, type Table } from "./table.ts";

const SHARDS = 8;
const RUNS = 5;
const LOCAL = { kind: "local" } as const;

/** Every cluster moves to the next shard. */
export async function benchDryRun(moves = 50_000): Promise<readonly Table[]> {
  const store = await FleetStore.start({
    ...{ nodes: 3, tls: "mutual" },
    flags: ["--first-contacts-max", String(moves)],
  });
  const target = await store.target();
  const client = FleetClient.connect(target);
  const link = new LabLink(target);
  const none = { domains: 0, quotas: 0, shortfalls: 0 };
  const lab = new LabFleet(link, { shards: SHARDS, clusters: moves, ...none, reportEveryMs: 1_000 }, 1);
  try {
    await fillLab(client, lab, { signal: new AbortController().signal, onProgress: () => undefined });
    const steady = new SteadyLab(client, lab, { writesPerSecond: 0, dialEveryMs: 0, domains: [] });
    try {
      const plans = await writePlans(client, lab, target.directory ?? "");
      const measurements: Measurement[] = [];
      for (const { path, what } of plans) measurements.push(await measured(store, path, what));
      return [durationTable(`A dry run of ${moves} moves`, measurements)];
    } finally {
      await steady.stop();
    }
  } finally {
    link.close();
    client.close();
    await store.dispose();
  }
}

/** A plan of each version, and the agents' file that names all of their clusters. */
async function writePlans(client: FleetClient, { shards, size }: LabFleet, directory: string) {
  const names = shards.map(({ id }) => id);
  const next = (shard: string): string => names[(names.indexOf(shard) + 1) % names.length] ?? "";
  const { clusters, stamp } = await allDeclared(client, size.clusters);
  const bindings = clusters.flatMap(({ declared }) => declared ?? []);
  const moves = bindings.map(({ clusterId, shardId, version }) => {
    return { cluster: clusterId, from: shardId, to: next(shardId), version };
  });
  const agents = moves.map(({ cluster }) => ({ cluster, shardAddr: "127.0.0.1:1" }));
  await createDirectoryDurably(join(agentsFilePath(directory), ".."));
  await writeFile(agentsFilePath(directory), formatAgentsFile(agents));
  const { index = 0, incarnation = "" } = stamp ?? {};
  const waves: WavePlan = {
    ...{ version: 2, name: "bench-dry-run", executor: LOCAL, moves },
    base: { clusterId: incarnation, revision: index, bindingsHash: bindingsHash(bindings) },
    preconditions: { quorumMargin: 0, quietMs: 0, rooms: {} },
    strategy: STRATEGY,
  };
  const first = createPlan("bench-dry-run-1", LOCAL, moves);
  return await Promise.all(
    [first, waves].map(async (plan) => {
      const path = join(directory, `${plan.name}.yaml`);
      await writeFile(path, formatPlan(plan));
      return {
        path,
        what: `\`fleet rebind apply --dry-run\`, version ${plan.version}, ${moves.length} moves`,
      };
    }),
  );
}

/** A report declares a few hundred first contacts, and the next one the rest. */
async function allDeclared(client: FleetClient, count: number): ReturnType<FleetClient["listClusters"]> {
  for (;;) {
    const listed = await client.listClusters();
    if (listed.clusters.filter(({ declared }) => declared !== undefined).length === count) return listed;
    await sleep(1_000);
  }
}

async function measured(store: FleetStore, path: string, what: string): Promise<Measurement> {
  const runsMs: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const startedMs = performance.now();
    const { exit, stderr } = await store.run("rebind", "apply", path, "--dry-run");
    if (exit !== 0) throw new Error(`the dry run ended with ${exit}: ${stderr}`);
    runsMs.push(performance.now() - startedMs);
  }
  return { what, runsMs, goal: "≤ 10 s" };
}
