// The flags of `npm run sim`.

import { parseArgs } from "node:util";
import { FAULT_KINDS, type FaultKind, NOISES, type Noise } from "../../src/core/sim/faults.ts";
import type { SwarmOptions } from "../../src/core/sim/swarm.ts";
import { natural } from "../natural.ts";

export interface RunnerOptions {
  readonly from: number;
  readonly seeds: number;
  /** A single seed is run twice, and its last events are told. */
  readonly isReplay: boolean;
  /** The file that gets every event of a replay. */
  readonly trace: string | undefined;
  readonly stepsMax: number;
  /** A failure is named, neither shrunk nor told in full. */
  readonly isBrief: boolean;
  readonly swarm: SwarmOptions;
}

export const USAGE = `npm run sim -- --seeds COUNT [--from SEED]   many runs, up to the first failure
npm run sim -- --seed SEED                   one run, twice, with its last events; to shrink it: --from SEED --seeds 1
  --trace FILE      with --seed: writes every event to the file
  --duration MS     simulated time before the healing
  --steps COUNT     end each run after so many steps
  --brief           only name the first failure
  --without KINDS   leave out kinds of faults: ${[...NOISES, ...FAULT_KINDS].join(",")}
  --only IDS        keep these faults of the schedule alone, or "none"`;

/** Throws a TypeError for what it does not understand. */
export function runnerOptions(args: readonly string[]): RunnerOptions {
  const flag = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: flag,
      trace: flag,
      seeds: flag,
      from: flag,
      steps: flag,
      duration: flag,
      without: flag,
      only: flag,
      brief: { type: "boolean" },
    },
  });
  const isReplay = values.seed !== undefined;
  return {
    from: natural(values.seed ?? values.from ?? "1"),
    seeds: isReplay ? 1 : natural(values.seeds ?? "100"),
    isReplay,
    trace: values.trace,
    isBrief: values.brief ?? false,
    stepsMax: values.steps === undefined ? Number.POSITIVE_INFINITY : natural(values.steps),
    swarm: {
      durationMs: values.duration === undefined ? null : natural(values.duration),
      without: new Set(list(values.without).map(kindOf)),
      only:
        values.only === undefined
          ? null
          : new Set(
              list(values.only)
                .filter((id) => id !== "none")
                .map(natural),
            ),
    },
  };
}

function list(text: string | undefined): string[] {
  return (text ?? "").split(",").filter((item) => item !== "");
}

function kindOf(text: string): Noise | FaultKind {
  const found = [...NOISES, ...FAULT_KINDS].find((kind) => kind === text);
  if (found === undefined) throw new TypeError(`${text} is not a kind of fault`);
  return found;
}
