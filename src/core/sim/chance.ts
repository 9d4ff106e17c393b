// Chance in a simulation. Every concern draws its own stream from the one seed. So one more draw in the network changes
// nothing on the disks, and a shrunk run stays near the original.

import { present } from "../base/assert.ts";
import { type Prng, SeededPrng } from "../base/prng.ts";

const STREAMS = [
  "swarm",
  "schedule",
  "network",
  "disk",
  "raft",
  "clients",
  "contenders",
  "administrator",
  "faults",
  "healing",
  "turns",
  "groups",
  "builds",
  "flips",
  "lies",
  "parts",
  "batchers",
  "slices",
  "officers",
  "keys",
  "rotations",
  "locks",
  "restores",
  "migrators",
  "worn-disks",
  "transfers",
] as const;
export type Stream = (typeof STREAMS)[number];

export class Chance implements Prng {
  readonly #prng: SeededPrng;

  constructor(seed: number) {
    this.#prng = new SeededPrng(seed);
  }

  /** `member` distinguishes members that share a concern, such as nodes. */
  static of(seed: number, stream: Stream, member = 0): Chance {
    const mixed = Math.imul(seed, 0x9e3779b1) ^ Math.imul(STREAMS.indexOf(stream) + 1, 0x85ebca6b);
    const start = new SeededPrng(mixed ^ Math.imul(member + 1, 0xc2b2ae35));
    return new Chance(start.below(0x1_0000_0000));
  }

  below(bound: number): number {
    return this.#prng.below(bound);
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** Milliseconds in [low, high], to the microsecond. */
  ms(low: number, high: number): number {
    return low + this.below((high - low) * 1_000 + 1) / 1_000;
  }

  permille(rate: number): boolean {
    return this.below(1_000) < rate;
  }

  pick<Item>(items: readonly Item[]): Item {
    return present(items[this.below(items.length)], "something is picked from a list that holds something");
  }

  /** `count` of the items, in random order. */
  sample<Item>(items: readonly Item[], count: number): Item[] {
    const rest = [...items];
    const taken: Item[] = [];
    while (taken.length < count && rest.length > 0) taken.push(...rest.splice(this.below(rest.length), 1));
    return taken;
  }
}
