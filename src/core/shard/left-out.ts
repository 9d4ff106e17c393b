// What the last report had no room for, for metrics, with a warning when that begins and a line when it is over.

import type { Log } from "../base/log.ts";
import type { Exposition } from "../metrics/exposition.ts";
import type { ReportShardRequest } from "../wire/gen/fleet/v1/coordinator.ts";

export class LeftOut {
  readonly #log: Log;
  #shortfalls = 0;
  #doubleDials = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  reported({ shortfallsLeftOut: shortfalls, doubleDialsLeftOut: doubleDials }: ReportShardRequest): void {
    const was = this.#shortfalls + this.#doubleDials > 0;
    const is = shortfalls + doubleDials > 0;
    this.#shortfalls = shortfalls;
    this.#doubleDials = doubleDials;
    if (is && !was) {
      this.#log.warn(
        "reports have no room for all that this shard has to tell; the gravest and newest are told",
        {
          ...{ shortfalls, doubleDials },
          next: "see which clusters ask for so much: fleet shortfall list",
        },
      );
    }
    if (was && !is) this.#log.info("reports tell all again");
  }

  collect(into: Exposition): void {
    into.set("fleet_shard_report_left_out", this.#shortfalls, { kind: "shortfall" });
    into.set("fleet_shard_report_left_out", this.#doubleDials, { kind: "double_dial" });
  }
}
