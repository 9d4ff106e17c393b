// Which leader a shard obeys, and the wait until it obeys this fleet. An adoption order is sent with the
// answer to the shard's next report, and the report after that shows the result.

import { setTimeout as sleep } from "node:timers/promises";
import { Exit, OperatorError } from "../core/base/errors.ts";
import type { ShardView } from "../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetClient } from "./fleet-client.ts";

const LOOK_EVERY_MS = 500;

type Lists = Pick<FleetClient, "listShards">;

/** Throws SHARD_UNKNOWN. */
export async function shardNamed(client: Lists, shardId: string): Promise<ShardView> {
  const { shards } = await client.listShards({ filter: { prefix: shardId } });
  const view = shards.find(({ shard }) => shard?.shardId === shardId);
  if (view !== undefined) return view;
  throw new OperatorError("SHARD_UNKNOWN", {
    what: `no shard ${shardId} has registered`,
    next: "see the known shards: fleet shard list",
    exit: Exit.NotFound,
  });
}

/** Resolves once the shard's newest report obeys this fleet. Throws SHARD_DISOBEYS. */
export async function waitUntilObeys(client: Lists, shardId: string, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const { observed } = await shardNamed(client, shardId);
    // An unheard shard does not count as obeying: a new leader has yet to get a report.
    if (observed !== undefined && observed.other === undefined) return;
    if (performance.now() >= endMs) throw disobeys(shardId, observed === undefined);
    await sleep(Math.min(LOOK_EVERY_MS, Math.max(1, endMs - performance.now())));
  }
}

function disobeys(shardId: string, isUnheard: boolean): OperatorError {
  return new OperatorError("SHARD_DISOBEYS", {
    what: isUnheard
      ? `shard ${shardId} has not reported to this leader yet`
      : `shard ${shardId} still obeyed another incarnation in its last report`,
    why: "the leader tells a shard in the answer to its next report, so the shard must reach the leader",
    next: `the instruction stays; see whether the shard reports here: fleet shard show ${shardId}`,
    exit: Exit.TimedOut,
  });
}
