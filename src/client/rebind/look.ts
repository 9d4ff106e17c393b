// One look at the fleet for a rebind: what is declared, what live shards report, where shards are.
// What must stay true: silence is never taken for absence. A leader that has just begun has heard nobody yet, so a
// look waits for it; a shard whose last report is old is not reporting, whatever it said then.

import { setTimeout as sleep } from "node:timers/promises";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { MoveObserved } from "../../core/rebind/next-step.ts";
import type { ListClustersResponse, ListShardsResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Listed } from "../all-pages.ts";
import type { FleetClient } from "../fleet-client.ts";

const LOOK_EVERY_MS = 250;
// More than two of the shards' reports: who has been silent for so long to a new leader is taken for silent.
const HEARING_MS = 8_000;
// As in the table of shards: several missed reports are no longer chance.
const REPORT_LATE_MS = 15_000;
// A look that begins just before its end is still given the time to succeed.
const CALL_MS_MIN = 1_000;

type Seen = Pick<MoveObserved, "binding" | "observed">;

export interface Fleet {
  readonly clusters: ReadonlyMap<string, Seen>;
  /** Shards whose reports are fresh. */
  readonly reporting: ReadonlySet<string>;
  /** Of every registered shard, host:port. */
  readonly addresses: ReadonlyMap<string, string>;
}

export type FleetReads = Pick<FleetClient, "listShards" | "listClusters">;

/** Looks again and again; remembers only how long it has listened to the present leader. */
export class Lookout {
  readonly #client: FleetReads;
  #term = -1;
  #hearingEndMs = 0;

  constructor(client: FleetReads) {
    this.#client = client;
  }

  /** Throws when `endMs` (of performance.now()) passes before the leader has heard the shards. */
  async look(endMs: number): Promise<Fleet> {
    for (;;) {
      const deadlineMs = Math.max(CALL_MS_MIN, endMs - performance.now());
      const [shards, clusters] = await Promise.all([
        this.#client.listShards({ deadlineMs }),
        this.#client.listClusters({ deadlineMs }),
      ]);
      if (this.#isHeard(shards, clusters)) return fleetOf(shards, clusters);
      if (performance.now() >= endMs) throw incomplete();
      await sleep(LOOK_EVERY_MS);
    }
  }

  // Two answers of two leaders do not fit together: one of them may have heard everybody and the other nobody.
  #isHeard(shards: Listed<ListShardsResponse>, clusters: Listed<ListClustersResponse>): boolean {
    const term = shards.stamp?.term ?? 0;
    if (term !== (clusters.stamp?.term ?? 0)) return false;
    if (term !== this.#term) {
      this.#term = term;
      this.#hearingEndMs = performance.now() + HEARING_MS;
    }
    const hasHeardAll = clusters.observedComplete && shards.shards.every(({ observed }) => observed);
    return hasHeardAll || performance.now() >= this.#hearingEndMs;
  }
}

function fleetOf({ shards }: Listed<ListShardsResponse>, { clusters }: Listed<ListClustersResponse>): Fleet {
  const rows = shards.flatMap(({ shard, observed }) => (shard ? [{ ...shard, observed }] : []));
  const fresh = rows.filter((row) => row.observed !== undefined && row.observed.ageMs <= REPORT_LATE_MS);
  const reporting = new Set(fresh.map((row) => row.shardId));
  return {
    clusters: new Map(
      clusters.map(({ clusterId, declared, observed }) => [
        clusterId,
        { binding: declared ?? null, observed: observed.filter((row) => reporting.has(row.shardId)) },
      ]),
    ),
    reporting,
    addresses: new Map(rows.map((row) => [row.shardId, row.address])),
  };
}

function incomplete(): OperatorError {
  return new OperatorError("REPORTS_INCOMPLETE", {
    what: "the leader had not heard every shard in time, so what they serve is not known",
    next: "run this again, with a longer --timeout; see which shards report: fleet shard list",
    exit: Exit.TimedOut,
  });
}
