// What a fleet that was just started is asked: a leader, a committed write, its shards.

import { setTimeout as sleep } from "node:timers/promises";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { ShardState } from "../core/wire/gen/fleet/v1/command.ts";
import { Admission } from "../core/wire/gen/fleet/v1/views.ts";
import type { Target } from "./context/target.ts";
import { FleetClient } from "./fleet-client.ts";
import type { FleetStatus, NodeObservation } from "./fleet-status.ts";
import type { Standing, WaitReady } from "./local/deps.ts";

const LOOK_EVERY_MS = 50;
/** For one look at the list of shards: others follow. */
const ASK_MS = 1_000;

/** The write that proves a quorum clears the probes of a drill that never existed: it changes nothing. */
export const waitReady: WaitReady = async (target: Target, deadlineMs, onProgress, signal) => {
  const endMs = performance.now() + deadlineMs;
  const client = FleetClient.connect(target);
  try {
    onProgress("waiting for a leader");
    for (;;) {
      const status = await client.status({ perNodeTimeoutMs: 300 });
      const lost = lostQuorum(status);
      if (lost !== null) throw lost;
      const { leader, nodes } = status;
      const name = nodes.find((node) => node.nodeId === leader && leader !== null)?.name;
      if (name !== undefined) {
        onProgress("waiting for a committed write");
        const drillId = "fleet-ready";
        const operation = { kind: { $case: "clearProbes", value: { drillId } } } as const;
        await client.submit(operation, {
          reason: "start",
          deadlineMs: Math.max(1, endMs - performance.now()),
        });
        return { leader: name };
      }
      if (performance.now() >= endMs || signal.aborted) throw noLeader(deadlineMs);
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  } finally {
    client.close();
  }
};

/** See FleetAnswers. A removed shard is not awaited: it never will be registered again. */
export async function standing(target: Target, shards: readonly string[]): Promise<Standing> {
  const client = FleetClient.connect(target);
  try {
    const states = await Promise.all(
      shards.map(async (shard) => {
        const named = await client.listShards({ filter: { prefix: shard }, deadlineMs: ASK_MS });
        return named.shards.find(({ shard: row }) => row?.shardId === shard)?.shard?.state;
      }),
    );
    return {
      unregistered: shards.filter((_, at) => states[at] === undefined),
      removed: shards.filter((_, at) => states[at] === ShardState.REMOVED),
    };
  } catch (error) {
    if (error instanceof OperatorError) return { unregistered: shards, removed: [] };
    throw error;
  } finally {
    client.close();
  }
}

/**
 * Why there can be no leader, however long the wait is: too many voters hold no data, and only a leader
 * admits them.
 */
export function lostQuorum({ nodes }: FleetStatus): OperatorError | null {
  const waiting = nodes.filter(({ status }) => status?.admission === Admission.WAITING);
  const others = nodes.filter((node) => !waiting.includes(node));
  const voters = votersKnownTo(others) ?? nodes.flatMap(({ nodeId }) => nodeId ?? []);
  const lost = waiting.filter(({ nodeId }) => voters.some((voter) => voter === nodeId));
  const quorum = Math.floor(voters.length / 2) + 1;
  if (lost.length === 0 || lost.length <= voters.length - quorum) return null;
  return new OperatorError("QUORUM_LOST", {
    what: `${names(lost)} have no data and wait for a leader to admit them, and without them no leader can be elected`,
    why: `a leader needs ${quorum} of ${voters.length} voters, and only ${names(others) || "none"} can have data`,
    next: `If you have a copy of their data folders: fleet down, restore it, then fleet up. Otherwise: fleet down, then ${lossOf(others)}`,
    exit: Exit.NoQuorum,
  });
}

/** What continues with less: docs/recovery.md. */
const lossOf = (others: readonly NodeObservation[]): string =>
  others.length === 0
    ? "fleet snapshot restore, which starts again from an exported snapshot"
    : `fleet recover, which shows what would be lost, and fleet recover --force-new-cluster, which continues with what ${names(others)} has`;

const names = (nodes: readonly NodeObservation[]): string => nodes.map(({ name }) => name).join(", ");

/** The voters, from the first node that knows them; null when none does. */
function votersKnownTo(nodes: readonly NodeObservation[]): readonly number[] | null {
  const knowing = nodes.find(({ status }) => (status?.members.length ?? 0) > 0)?.status;
  return knowing?.members.filter(({ learner }) => !learner).map(({ nodeId }) => nodeId) ?? null;
}

function noLeader(deadlineMs: number): OperatorError {
  return new OperatorError("NO_LEADER", {
    what: `no leader was elected within ${deadlineMs / 1000} s`,
    why: "fewer than a quorum of nodes can reach each other",
    next: "see which nodes are up with fleet status, and read the log files in the fleet's folder",
    exit: Exit.NoQuorum,
  });
}
