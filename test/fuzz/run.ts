// `npm run fuzz`: hostile frames of Raft, and hostile requests of etcd's API, against a real cluster, for as long as wanted.
// Exit codes: 1 what a seed found, 3 the fuzzer was called wrongly.

import { parseArgs } from "node:util";
import { natural } from "../natural.ts";
import { fuzzEtcd } from "./etcd-fuzz.ts";
import { fuzz } from "./fuzz.ts";

const USAGE = `npm run fuzz -- [--seconds SECONDS] [--seed SEED]
  --seconds SECONDS   how long it runs, half of it for each; 60 by default
  --seed SEED         the first seed; 1 by default`;

async function main(): Promise<number> {
  let seconds: number;
  let fromSeed: number;
  try {
    const flag = { type: "string" } as const;
    const { values } = parseArgs({ options: { seconds: flag, seed: flag } });
    seconds = natural(values.seconds ?? "60");
    fromSeed = natural(values.seed ?? "1");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n${USAGE}`);
    return 3;
  }
  let endMs = performance.now() + 500 * seconds;
  const outcome = await fuzz({
    fromSeed,
    goesOn: () => performance.now() < endMs,
    onProgress: ({ seeds, frames }) => console.log(`${seeds} seeds, ${frames} frames`),
  });
  console.log(
    `fuzz: ${outcome.seeds} seeds from ${fromSeed}, ${outcome.frames} frames, ${outcome.withheld} withheld; the cluster leads, and all states are equal`,
  );
  for (const failure of outcome.failures) console.log(`asked again after: ${String(failure)}`);
  endMs = performance.now() + 500 * seconds;
  const etcd = await fuzzEtcd({
    fromSeed,
    goesOn: () => performance.now() < endMs,
    onLook: ({ seeds, requests }) => console.log(`${seeds} seeds, ${requests} requests of etcd's API`),
  });
  console.log(
    `fuzz: ${etcd.seeds} seeds from ${fromSeed}, ${etcd.requests} requests of etcd's API, ${etcd.answered} answered; all replicas are equal`,
  );
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error);
  return 1;
});
