// Requests of the calls that replicas make beside their streams, by seed: to be let in again, and to have something done for a
// client. Fields of any kind, identities of any kind, changed and cut bytes.

import { EtcdMaker } from "./etcd-maker.ts";
import { type Field, message } from "./wire.ts";

export const CALLS = ["Rejoin", "ForwardKeys"] as const;
export type CallName = (typeof CALLS)[number];

const NUMBERS = [0n, 1n, 2n, 3n, 4n, 99n, 2n ** 31n, 2n ** 32n, 2n ** 52n, 2n ** 53n - 1n, 2n ** 64n - 1n];
const CALLERS = [
  ...["fleet://admin", "fleet://client/worker", "fleet://operator/alice", "fleet://replica/1", ""],
  ...["fleet://client/", "https://example.com/x", "\u0000", "x".repeat(5_000)],
];
/** Of an operation of the key space, and of a request to forward. */
const OPERATION_FIELDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 999];
const FORWARDED_FIELDS = [2, 2, 2, 3, 4, 6, 7, 8, 9, 10, 999];

export class CallMaker {
  readonly #maker: EtcdMaker;
  readonly #from: number;

  constructor(seed: number, from: number) {
    this.#maker = new EtcdMaker(seed);
    this.#from = from;
  }

  pick<Value>(values: readonly Value[]): Value {
    return this.#maker.pick(values);
  }

  request(name: CallName): Uint8Array {
    const whole = name === "Rejoin" ? this.#rejoin() : this.#forward();
    const cut = this.#maker.below(whole.length + 1);
    return this.#maker.below(6) === 0 ? whole.subarray(0, cut) : whole;
  }

  #rejoin(): Uint8Array {
    const claimed = this.#maker.below(3) === 0 ? this.pick(NUMBERS) : BigInt(this.#from);
    const group: Field[] = this.#maker.below(2) === 0 ? [] : [[6, this.pick(NUMBERS)]];
    return message(
      [1, this.#cluster()],
      [2, claimed],
      ...([
        [3, this.#flag()],
        [4, this.#flag()],
        [5, this.pick(NUMBERS)],
      ] as const),
      ...group,
    );
  }

  #forward(): Uint8Array {
    const field = this.pick(FORWARDED_FIELDS);
    const operation = message([this.pick(OPERATION_FIELDS), this.#maker.request()], [10, this.pick(NUMBERS)]);
    const content = field === 2 ? operation : this.#maker.request();
    return message([1, this.#cluster()], [field, content], [5, this.pick(CALLERS)]);
  }

  #cluster(): string {
    return this.#maker.below(10) === 0 ? "another" : "c";
  }

  #flag(): bigint {
    return BigInt(this.#maker.below(3));
  }
}
