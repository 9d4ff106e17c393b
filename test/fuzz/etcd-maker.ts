// Requests of etcd's API as no client writes them, by seed. They take any method, fields of every kind with extreme
// values, deep nesting, and bytes that are cut or changed. Keys are few, so that requests meet each other's.

import { SeededPrng } from "../../src/core/base/prng.ts";
import { ETCD_SERVICES } from "../etcd-services.ts";
import { type Field, message } from "./wire.ts";

export interface EtcdMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

export const METHODS: readonly EtcdMethod[] = Object.values(ETCD_SERVICES).flatMap(({ methods }) =>
  Object.values(methods),
);

const EXTREMES = [
  ...[0n, 1n, 2n, 7n, 127n, 128n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n],
  ...[2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 2n, 2n ** 64n - 1n],
];
const KEYS = ["", "\0", "a", "a/1", "a/2", "b", "q", "q/7", "\u{10ffff}", "a".repeat(5_000)];
const FIELDS_MAX = 14;
/** With those of nested messages. */
const FIELDS_TOTAL_MAX = 400;
const DEPTH_MAX = 5;

export class EtcdMaker {
  readonly #random: SeededPrng;
  #fieldsLeft = 0;

  constructor(seed: number) {
    this.#random = new SeededPrng(seed);
  }

  below(limit: number): number {
    return this.#random.below(limit);
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  /** Mostly one that decodes, else one whose bytes were changed, cut, or drawn. */
  request(): Uint8Array {
    this.#fieldsLeft = FIELDS_TOTAL_MAX;
    const whole = this.below(2) === 0 ? this.#plain() : this.#message(0);
    switch (this.below(8)) {
      case 0:
        return whole.subarray(0, this.below(whole.length + 1));
      case 1: {
        const changed = Uint8Array.from(whole);
        for (let left = this.below(4); left > 0 && changed.length > 0; left -= 1)
          changed[this.below(changed.length)] = this.below(256);
        return changed;
      }
      case 2:
        return this.#bytes(this.below(200));
      default:
        return whole;
    }
  }

  #message(depth: number): Uint8Array {
    const count = this.below(this.below(12) === 0 ? 200 : 7);
    const fields = Math.min(count, this.#fieldsLeft);
    this.#fieldsLeft -= fields;
    return message(...Array.from({ length: fields }, () => this.#field(depth)));
  }

  /** A key, a range or a lease, as many methods take them. */
  #plain(): Uint8Array {
    const second: Field = this.below(2) === 0 ? [2, this.pick(KEYS)] : [2, this.#number()];
    const first: Field = this.below(3) > 0 ? [1, this.pick(KEYS)] : [1, this.#number()];
    return this.below(3) === 0 ? message([1, message(first, second)]) : message(first, second);
  }

  /** The first two fields are keys in most of etcd's messages. */
  #field(depth: number): Field {
    const number = this.below(40) === 0 ? 1 + this.below(2 ** 20) : 1 + this.below(FIELDS_MAX);
    const kind = this.below(4);
    if (kind === 0 && depth < DEPTH_MAX) return [number, this.#message(depth + 1)];
    if (kind === 1 || (kind === 0 && depth === DEPTH_MAX)) return [number, this.#number()];
    if (kind === 2) return [number, this.pick(KEYS)];
    return this.below(3) === 0 ? [number, this.#bytes(this.below(300))] : [number, this.#number()];
  }

  #number(): bigint {
    return this.below(2) === 0 ? BigInt(this.below(20)) : this.pick(EXTREMES);
  }

  #bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
