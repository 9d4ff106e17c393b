// Makes a failing run smaller. It leaves out kinds of faults, and then single faults, for as long as the run still
// fails in the same way. What is left is not minimal, but short enough to be read.

import { FAULT_KINDS, type FaultKind, NOISES, type Noise } from "./faults.ts";
import type { RunResult } from "./run-result.ts";
import { simulate } from "./simulation.ts";
import { drawSwarm, type SwarmOptions } from "./swarm.ts";

export interface Shrunk {
  readonly options: SwarmOptions;
  readonly result: RunResult;
  readonly runs: number;
}

/** At most `runsMax` further runs are made. */
export async function shrink(failed: RunResult, options: SwarmOptions, runsMax: number): Promise<Shrunk> {
  const shrinking = new Shrinking(failed, options, runsMax);
  await shrinking.leaveOutKinds();
  await shrinking.leaveOutFaults();
  return shrinking.shrunk;
}

class Shrinking {
  readonly #runsMax: number;
  #runs = 0;
  #options: SwarmOptions;
  #result: RunResult;

  constructor(failed: RunResult, options: SwarmOptions, runsMax: number) {
    this.#result = failed;
    this.#options = options;
    this.#runsMax = runsMax;
  }

  get shrunk(): Shrunk {
    return { options: this.#options, result: this.#result, runs: this.#runs };
  }

  async leaveOutKinds(): Promise<void> {
    const { noises, schedule } = drawSwarm(this.#result.seed, this.#options);
    const used = new Set<Noise | FaultKind>([...noises, ...schedule.map(({ kind }) => kind)]);
    for (const kind of [...FAULT_KINDS, ...NOISES].filter((each) => used.has(each))) {
      await this.#try({ ...this.#options, without: new Set([...this.#options.without, kind]) });
    }
  }

  /** Halves first, then ever smaller parts (delta debugging; Zeller, 2002). */
  async leaveOutFaults(): Promise<void> {
    let kept = drawSwarm(this.#result.seed, this.#options).schedule.map(({ id }) => id);
    for (let size = Math.ceil(kept.length / 2); kept.length > 0; size = Math.ceil(size / 2)) {
      for (let from = 0; from < kept.length; ) {
        const rest = [...kept.slice(0, from), ...kept.slice(from + size)];
        if (await this.#try({ ...this.#options, only: new Set(rest) })) kept = rest;
        else from += size;
      }
      if (size === 1) return;
    }
  }

  async #try(options: SwarmOptions): Promise<boolean> {
    if (this.#runs >= this.#runsMax) return false;
    this.#runs += 1;
    const result = await simulate(drawSwarm(this.#result.seed, options));
    if (kindOf(result) !== kindOf(this.#result)) return false;
    this.#options = options;
    this.#result = result;
    return true;
  }
}

/** The verdict and the property, without who and where. */
function kindOf({ verdict, what }: RunResult): string {
  return `${verdict} ${what.split(":")[0]?.replaceAll(/\d+/g, "")}`;
}
