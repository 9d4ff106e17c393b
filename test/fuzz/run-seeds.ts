// The rounds of a fuzzer: seed after seed, with a look at the cluster from time to time and at the end.

import type { HostileCluster } from "../security/hostile-cluster.ts";

export interface SeedRange {
  readonly fromSeed: number;
  /** Whether to run this seed. */
  readonly goesOn: (seed: number) => boolean;
}

interface Rounds {
  readonly run: (seed: number) => Promise<void>;
  /** What must work after the seeds, and what throws if it does not. */
  readonly what: string;
  readonly works: () => Promise<void>;
  readonly lookEverySeeds: number;
  readonly onLook: () => void;
}

/** Throws, with the seed, when a coordinator stopped or the cluster does not work any more. */
export async function runSeeds(
  cluster: HostileCluster,
  { fromSeed, goesOn }: SeedRange,
  { run, what, works, lookEverySeeds, onLook }: Rounds,
): Promise<void> {
  let seeds = 0;
  for (let seed = fromSeed; goesOn(seed); seed += 1) {
    await run(seed);
    seeds += 1;
    if (cluster.fatal.length > 0)
      throw new Error(`seed ${seed}: a coordinator stopped`, { cause: cluster.fatal[0] });
    if (seeds % lookEverySeeds !== 0) continue;
    await works().catch((cause) => {
      throw new Error(`by seed ${seed} ${what} works no more`, { cause });
    });
    onLook();
  }
  await cluster.works();
  await works();
  const unforeseen = cluster.warnings.filter(({ fact }) => fact === "internal error");
  if (unforeseen.length > 0) throw new Error("a request met a bug", { cause: unforeseen[0] });
}
