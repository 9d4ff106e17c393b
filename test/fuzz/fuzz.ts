// A run of the fuzzer: members and strangers send seed after seed to three coordinators at real ports. At the end the
// cluster must lead and commit, and all states must be equal.

import type { Peer } from "../../src/core/transport/transport.ts";
import { HostileCluster } from "../security/hostile-cluster.ts";
import { Attack, type Holder } from "./attack.ts";
import { runSeeds, type SeedRange } from "./run-seeds.ts";

/** Their keys have been copied. n4 is a member no more, and r99 never was one. */
const HOLDERS: readonly Holder[] = [
  { name: "n3", id: 3, isMember: true },
  { name: "n4", id: 4, isMember: false },
  { name: "n2", id: 2, isMember: true },
  { name: "r99", id: 99, isMember: false },
];
const WAIT_MS = 60_000;
const LOOK_EVERY_SEEDS = 50;

export interface Outcome {
  readonly seeds: number;
  readonly frames: number;
  readonly withheld: number;
  /** Questions of the fuzzer itself that failed and were asked again. */
  readonly failures: readonly unknown[];
}

interface FuzzOptions extends SeedRange {
  readonly onProgress?: (outcome: Outcome) => void;
}

/** Throws, with the seed, when a coordinator stopped or the cluster does not work any more. */
export async function fuzz({ onProgress, ...seeds }: FuzzOptions): Promise<Outcome> {
  const cluster = await HostileCluster.start(1);
  await cluster.authority.issue("r99", ["fleet://replica/99"]);
  const attack = new Attack(cluster);
  let outcome: Outcome = { seeds: 0, frames: 0, withheld: 0, failures: [] };
  try {
    await cluster.works();
    await addAndRemove(cluster, cluster.peer(4));
    await cluster.works();
    const run = async (seed: number) => {
      const holder = HOLDERS[seed % HOLDERS.length] as Holder;
      const victims = cluster.peers.slice(0, 3).filter(({ id }) => id !== holder.id);
      const { frames, withheld } = await attack.run(
        seed,
        holder,
        victims[Math.floor(seed / 7) % victims.length] as (typeof victims)[0],
      );
      outcome = {
        seeds: outcome.seeds + 1,
        frames: outcome.frames + frames,
        withheld: outcome.withheld + withheld,
        failures: attack.failures,
      };
    };
    await runSeeds(cluster, seeds, {
      ...{ run, what: "the cluster", works: () => cluster.works(), lookEverySeeds: LOOK_EVERY_SEEDS },
      onLook: () => onProgress?.(outcome),
    });
    return outcome;
  } finally {
    attack.close();
    await cluster.dispose();
  }
}

/** It has a certificate, and no process. */
async function addAndRemove(cluster: HostileCluster, { id, name, address }: Peer): Promise<void> {
  const client = cluster.client();
  const order = { expectedConfigurationIndex: undefined, reason: "", dryRun: false };
  const value = { nodeId: id, name, address, learner: true };
  await client.changeMembership({ ...order, change: { $case: "add", value } }, WAIT_MS);
  await client.changeMembership({ ...order, change: { $case: "remove", value: { name } } }, WAIT_MS);
}
