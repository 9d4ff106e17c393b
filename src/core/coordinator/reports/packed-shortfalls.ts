// A shard's reported demand as bytes. It is rarely read and replaced with every report. As objects it would
// be half of the heap that a large fleet's reports need.

import { ReportShardRequest, type Shortfall } from "../../wire/gen/fleet/v1/coordinator.ts";

export class PackedShortfalls {
  readonly count: number;
  readonly #bytes: Uint8Array;

  constructor(shortfalls: readonly Shortfall[]) {
    this.count = shortfalls.length;
    const report = { ...ReportShardRequest.create(), shortfalls: [...shortfalls] };
    this.#bytes = ReportShardRequest.encode(report).finish();
  }

  /** In reported order. */
  unpack(): Shortfall[] {
    return ReportShardRequest.decode(this.#bytes).shortfalls;
  }
}
