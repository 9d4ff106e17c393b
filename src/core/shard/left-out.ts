// Reports, for metrics, the rows that the last report had no room for, and those that the coordinators did
// not write. Logs a warning when that begins and a line when it ends.

import type { Log } from "../base/log.ts";
import type { Exposition } from "../metrics/exposition.ts";
import type { ReportShardRequest, ReportShardResponse } from "../wire/gen/fleet/v1/coordinator.ts";

export class LeftOut {
  readonly #log: Log;
  #shortfalls = 0;
  #doubleDials = 0;
  #firstContacts = 0;

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
        "this shard has more to report than one report holds; it sends the most severe and newest rows",
        {
          ...{ shortfalls, doubleDials },
          next: "see which clusters have the most demand: fleet shortfall list",
        },
      );
    }
    if (was && !is) this.#log.info("reports are complete again");
  }

  answered({ firstContactsRefused: clusters = 0 }: Pick<ReportShardResponse, "firstContactsRefused">): void {
    const was = this.#firstContacts > 0;
    this.#firstContacts = clusters;
    if (clusters > 0 && !was) {
      this.#log.warn(
        "the coordinators declare no more clusters to this shard at first contact; it serves them as before",
        {
          clusters,
          next: "declare them: fleet cluster bind; or raise --first-contacts-max of every coordinator",
        },
      );
    }
    if (clusters === 0 && was) this.#log.info("the coordinators declare all clusters of this shard again");
  }

  collect(into: Exposition): void {
    into.set("fleet_shard_report_left_out", this.#shortfalls, { kind: "shortfall" });
    into.set("fleet_shard_report_left_out", this.#doubleDials, { kind: "double_dial" });
    into.set("fleet_shard_report_left_out", this.#firstContacts, { kind: "first_contact" });
  }
}
