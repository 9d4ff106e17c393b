// Demand that a shard reported, as bytes: hardly anybody asks for it, it is replaced with every report, and as objects it
// would be half of what the reports of a large fleet take of the heap.

import { ReportShardRequest, type Shortfall } from "../../wire/gen/fleet/v1/coordinator.ts";

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
