// Demand that a shard reported and nobody has asked for yet, as the bytes that it came in. A list of it is replaced with
// every report, and as objects it would be most of what reports leave in the heap for the next garbage collection.

import { ReportShardRequest, type Shortfall } from "../wire/gen/fleet/v1/coordinator.ts";

export class PackedShortfalls {
  readonly count: number;
  readonly #bytes: Uint8Array;

  constructor(shortfalls: readonly Shortfall[]) {
    this.count = shortfalls.length;
    const report = { ...ReportShardRequest.create(), shortfalls: [...shortfalls] };
    this.#bytes = ReportShardRequest.encode(report).finish();
  }

  /** In the order in which they were reported. */
  unpack(): Shortfall[] {
    return ReportShardRequest.decode(this.#bytes).shortfalls;
  }
}
