// The only source of randomness in the pure rooms: seeded, so that a run can be repeated.

export interface Prng {
  /** An integer in [0, bound). */
  below(bound: number): number;
}

/** SplitMix32 (Steele, Lea, Flood 2014, reduced to 32 bits): small state, good enough for timeouts and faults. */
export class SeededPrng implements Prng {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000) * bound);
  }
}
