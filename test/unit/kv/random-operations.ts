// Random operations on few keys, by seed, so that they meet: what is refused, what overlaps, what was compacted.

import { SeededPrng } from "../../../src/core/base/prng.ts";
import type { KeyOperationKind } from "../../../src/core/kv/command-codec.ts";
import type {
  Compare,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from "../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import {
  compact,
  compare,
  deleteRequest,
  grant,
  opTxn,
  putRequest,
  rangeRequest,
  revoke,
  txnRequest,
} from "./operations.ts";

const KEYS = ["a", "aa", "ab", "b", "c", "c\0", "d", "\xff"];
const ENDS = ["", "", "", "\0", "b", "c", "\xff", "a"];
const LEASES = ["0", "0", "0", "101", "102", "103"];

export interface Extent {
  readonly current: number;
  readonly compacted: number;
}

export class RandomOperations {
  readonly #prng: SeededPrng;
  /** Of each hundred values, how many have a length that fills segments. */
  readonly #largePercent: number;

  constructor(seed: number, largePercent = 0) {
    this.#prng = new SeededPrng(seed);
    this.#largePercent = largePercent;
  }

  below(bound: number): number {
    return this.#prng.below(bound);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  operation(extent: Extent): KeyOperationKind {
    const at = this.below(100);
    if (at < 45) return { $case: "put", value: this.#put() };
    if (at < 55) return { $case: "deleteRange", value: this.#delete() };
    if (at < 85) return { $case: "txn", value: this.txn(extent, 2) };
    if (at < 90) return compact(this.revision(extent));
    if (at < 96) return grant(this.pick(LEASES), 1 + this.below(3) * 1_000);
    return revoke(this.pick(LEASES));
  }

  range(extent: Extent): RangeRequest {
    const bound = () => (this.chance(15) ? 1 + this.below(extent.current + 2) : 0);
    return rangeRequest(this.#key(), {
      end: this.pick(ENDS),
      limit: this.chance(40) ? this.below(4) : 0,
      revision: this.chance(50) ? 0 : this.revision(extent),
      sortOrder: this.pick([0, 1, 2] as const),
      sortTarget: this.pick([0, 1, 2, 3, 4] as const),
      keysOnly: this.chance(20),
      countOnly: this.chance(15),
      minModRevision: bound(),
      maxModRevision: bound(),
      minCreateRevision: bound(),
      maxCreateRevision: bound(),
    });
  }

  txn(extent: Extent, depth: number): TxnRequest {
    const list = <Item>(most: number, make: () => Item) => Array.from({ length: this.below(most + 1) }, make);
    const operation = () => this.#operationOf(extent, depth);
    return txnRequest(
      list(2, () => this.#compare(extent)),
      list(3, operation),
      list(3, operation),
    );
  }

  /** Mostly one that can be read. */
  revision({ current, compacted }: Extent): number {
    if (this.chance(5)) return -1;
    const first = Math.max(0, compacted - 2);
    return first + this.below(current + 2 - first);
  }

  #operationOf(extent: Extent, depth: number): RequestOp {
    const at = this.below(100);
    if (at < 40) return { request: { $case: "requestPut", value: this.#put() } };
    if (at < 60) return { request: { $case: "requestDeleteRange", value: this.#delete() } };
    if (at < 80 && depth > 0) return opTxn(this.txn(extent, depth - 1));
    return { request: { $case: "requestRange", value: this.range(extent) } };
  }

  #put() {
    const flags = {
      prevKv: this.chance(30),
      ignoreValue: this.chance(8),
      ignoreLease: this.chance(8),
    };
    const keepsNone = flags.ignoreValue && this.chance(90);
    const lease = flags.ignoreLease && this.chance(90) ? "0" : this.pick(LEASES);
    return putRequest(this.#key(), keepsNone ? "" : this.#value(), { ...flags, lease });
  }

  #delete() {
    return deleteRequest(this.#key(), this.pick(ENDS), this.chance(30));
  }

  #compare({ current }: Extent): Compare {
    const result = this.pick(["=", ">", "<", "!="] as const);
    const end = this.chance(30) ? this.pick(ENDS) : "";
    switch (this.below(5)) {
      case 0:
        return compare(this.#key(), "version", result, this.below(4), end);
      case 1:
        return compare(this.#key(), "createRevision", result, this.below(current + 1), end);
      case 2:
        return compare(this.#key(), "modRevision", result, this.below(current + 1), end);
      case 3:
        return compare(this.#key(), "lease", result, this.pick(LEASES), end);
      default:
        return compare(this.#key(), "value", result, this.pick(["", "v1", "v2"]), end);
    }
  }

  #key(): string {
    return this.chance(2) ? "" : this.pick(KEYS);
  }

  #value(): string {
    return this.chance(this.#largePercent)
      ? "x".repeat(300_000 + this.below(9))
      : this.pick(["", "v1", "v2", "v3"]);
  }
}
