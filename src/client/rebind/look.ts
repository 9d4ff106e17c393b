// Reads the fleet's state for a rebind: declared bindings, live shards' reports, shards' addresses. What must
// stay true: silence is never taken for absence. A new leader has heard no shard yet, so this waits for it. A
// shard that is not alive is not reporting, whatever its last report was. Only the leader knows how long a
// shard may be silent, and gives its liveness.

import { setTimeout as sleep } from "node:timers/promises";
import { present } from "../../core/base/assert.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { MoveObserved } from "../../core/rebind/next-step.ts";
import type { Move } from "../../core/rebind/plan.ts";
import { ShardState } from "../../core/wire/gen/fleet/v1/command.ts";
import type {
  ListClustersResponse,
  ListShardsResponse,
  ReadStamp,
  ShardView,
} from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../../core/wire/gen/fleet/v1/views.ts";
import type { Listed } from "../all-pages.ts";
import type { FleetClient } from "../fleet-client.ts";

const LOOK_EVERY_MS = 250;
// A read that starts just before its end still gets the time to succeed.
const CALL_MS_MIN = 1_000;
// Without a leader nothing can start, and an operator should not wait longer for that answer.
const FIRST_ANSWER_MS = 5_000;
const NAMES_SHOWN = 5;

type Seen = Pick<MoveObserved, "binding" | "observed">;

export interface Fleet {
  readonly clusters: ReadonlyMap<string, Seen>;
  /** Shards that are alive by their reports. */
  readonly reporting: ReadonlySet<string>;
  /** host:port of every registered shard. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** Where the agent of a move has to dial. Bindings name only registered shards, and no move begins at a silent one. */
export function targetAddress({ addresses }: Fleet, { to }: Pick<Move, "to">): string {
  return present(addresses.get(to), "the target of a move is registered");
}

export type FleetReads = Pick<FleetClient, "listShards" | "listClusters">;

/** Called with the shards that the leader has yet to hear, whenever they change. */
export type OnWait = (shards: readonly string[]) => void;

/** Reads again and again, and reports which shards are being waited for. */
export class FleetReader {
  readonly #client: FleetReads;
  readonly #onWait: OnWait;
  #awaited = "";
  #isAnswered = false;

  constructor(client: FleetReads, onWait: OnWait = () => undefined) {
    this.#client = client;
    this.#onWait = onWait;
  }

  /** Throws when `endMs` (of performance.now()) passes before the leader has heard the shards. */
  async look(endMs: number): Promise<Fleet> {
    for (;;) {
      const restMs = Math.max(CALL_MS_MIN, endMs - performance.now());
      const deadlineMs = this.#isAnswered ? restMs : Math.min(restMs, FIRST_ANSWER_MS);
      // One after the other: if the second answer lacks a report, the first one lacked it too.
      const shards = await this.#client.listShards({ deadlineMs });
      this.#isAnswered = true;
      const clusters = await this.#client.listClusters({ deadlineMs: restMs });
      const awaited = shards.shards.filter(isAwaited).map(({ shard }) => shard?.shardId ?? "");
      if (awaited.length === 0 && areOfOneLeader(shards.stamp, clusters.stamp)) {
        return fleetOf(shards, clusters);
      }
      this.#report(awaited);
      if (performance.now() >= endMs) throw incomplete(awaited);
      await sleep(LOOK_EVERY_MS);
    }
  }

  #report(awaited: readonly string[]): void {
    const names = awaited.join(" ");
    if (awaited.length > 0 && names !== this.#awaited) this.#onWait(awaited);
    this.#awaited = names;
  }
}

/** Whether the leader is too new to know what the shard serves, or that it is silent. */
function isAwaited({ shard, observed, liveness }: ShardView): boolean {
  if (observed !== undefined || shard?.state === ShardState.REMOVED) return false;
  return liveness !== ShardLiveness.SUSPECT && liveness !== ShardLiveness.DEAD;
}

// Answers of two leaders can't be combined: one may have heard all shards and the other none. A leader that
// was deposed meanwhile may have dropped its reports.
function areOfOneLeader(one: ReadStamp | undefined, other: ReadStamp | undefined): boolean {
  return one?.leads === true && other?.leads === true && one.term === other.term;
}

function fleetOf({ shards }: Listed<ListShardsResponse>, { clusters }: Listed<ListClustersResponse>): Fleet {
  const rows = shards.flatMap(({ shard, observed, liveness }) =>
    shard ? [{ ...shard, observed, liveness }] : [],
  );
  const alive = rows.filter((row) => row.observed !== undefined && row.liveness === ShardLiveness.ALIVE);
  const reporting = new Set(alive.map((row) => row.shardId));
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

function incomplete(awaited: readonly string[]): OperatorError {
  const rest = awaited.length > NAMES_SHOWN ? ` and ${awaited.length - NAMES_SHOWN} more` : "";
  const shards = `${awaited.slice(0, NAMES_SHOWN).join(", ")}${rest}`;
  return new OperatorError("REPORTS_INCOMPLETE", {
    what:
      awaited.length === 0
        ? "the leader changed during the reads, so it is unknown what the shards serve"
        : `the leader had not heard ${shards} in time, so it is unknown what they serve`,
    why: "a new leader learns it from the shards' reports, and waits for each shard until it is suspect",
    next: "run this again, with a longer --timeout; see which shards report: fleet shard list",
    exit: Exit.TimedOut,
  });
}
