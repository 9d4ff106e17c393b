// The load generator: a closed loop of lanes, each with one write outstanding, so that `outstanding` writes are
// under way at any time. Every lane has keys of its own, which it writes over and over.

import type { Writer } from "./store.ts";

const KEYS_PER_LANE = 16;

export interface Sample {
  /** One per acknowledged write, ascending. */
  readonly latenciesMs: readonly number[];
  readonly elapsedMs: number;
}

/** Writes until `isOver` says so of what is acknowledged and how long it took; rejects with the first failed write. */
export async function generate(
  writer: Writer,
  outstanding: number,
  isOver: (acknowledged: number, elapsedMs: number) => boolean,
): Promise<Sample> {
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const lane = async (name: number): Promise<void> => {
    for (let count = 0; !isOver(latenciesMs.length, performance.now() - startedMs); count += 1) {
      const sentMs = performance.now();
      await writer.write(`${name}-${count % KEYS_PER_LANE}`);
      latenciesMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: outstanding }, (_, name) => lane(name)));
  const elapsedMs = performance.now() - startedMs;
  return { latenciesMs: latenciesMs.sort((left, right) => left - right), elapsedMs };
}
