// Snapshots as no replica sends them, by seed: extreme heads, more or fewer bytes than were announced, parts in any order.

import type { FrameMaker, Target } from "./frame-maker.ts";
import { type Field, message } from "./wire.ts";

const EXTREMES = [0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 52n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n];
/** In these terms no replica is, and none can come to be. */
const ABSURD_TERMS = [0n, 2n ** 31n, 2n ** 52n, 2n ** 53n - 1n, 2n ** 64n - 1n];
const CHUNK_BYTES = 8 * 1024;

export class SnapshotMaker {
  readonly #maker: FrameMaker;
  readonly #target: Target;
  readonly #isMember: boolean;

  /** What a member says in a term that can be is believed, so it says nothing there. */
  constructor(maker: FrameMaker, target: Target, isMember: boolean) {
    this.#maker = maker;
    this.#target = target;
    this.#isMember = isMember;
  }

  header(): Uint8Array {
    const { clusterId, from, to, term, lastIndex } = this.#target;
    const { pick, below } = this.#bound();
    const said = this.#isMember ? pick(ABSURD_TERMS) : pick([BigInt(term), ...ABSURD_TERMS]);
    return message(
      [1, below(10) === 0 ? "another" : clusterId],
      [2, below(10) === 0 ? pick(EXTREMES) : 0n],
      [3, below(10) === 0 ? pick(EXTREMES) : BigInt(from)],
      [4, below(10) === 0 ? pick(EXTREMES) : BigInt(to)],
      [5, said],
      [6, pick([...EXTREMES, BigInt(lastIndex + 1)])],
      [7, pick([...EXTREMES, said])],
      [8, this.#configuration()],
      [9, pick([...EXTREMES, BigInt(CHUNK_BYTES)])],
      [10, new Uint8Array(below(4) === 0 ? below(64) : 32)],
      [11, pick(EXTREMES)],
    );
  }

  chunks(): Uint8Array[] {
    const { pick, below } = this.#bound();
    const part = (): Uint8Array =>
      below(3) === 0 ? message([1, this.header()]) : message([2, new Uint8Array(pick([0, 1, CHUNK_BYTES]))]);
    const first = below(4) > 0 ? [message([1, this.header()])] : [];
    return [...first, ...Array.from({ length: below(6) }, part)];
  }

  #configuration(): Uint8Array {
    const { pick, below } = this.#bound();
    const ids = (number: number): Field[] =>
      Array.from({ length: below(5) }, (): Field => [number, pick([1n, 2n, 3n, ...EXTREMES])]);
    return message(...ids(1), ...ids(2), ...ids(3), ...ids(4), [5, BigInt(below(3))]);
  }

  #bound() {
    return {
      pick: <Value>(values: readonly Value[]): Value => this.#maker.pick(values),
      below: (limit: number) => this.#maker.below(limit),
    };
  }
}
