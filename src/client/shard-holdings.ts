// What a shard has, by declaration and by its reports, and what it has not accepted yet. All of it must end between a
// drain and a removal.

import { setTimeout as sleep } from "node:timers/promises";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { type Instruction, InstructionKind } from "../core/wire/gen/fleet/v1/command.ts";
import type { ClusterView, ReadStamp, ShardView } from "../core/wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../core/wire/gen/fleet/v1/views.ts";
import type { FleetClient } from "./fleet-client.ts";
import type { ReadOptions } from "./leader-reads.ts";

const LOOK_EVERY_MS = 1_000;

export interface ShardHoldings {
  /** From the list with the shard's own row. */
  readonly stamp: ReadStamp | undefined;
  readonly shard: ShardView;
  readonly clusters: readonly string[];
  /** Clusters that are moving from it to another. */
  readonly leaving: readonly string[];
  /** Clusters that it last reported to serve or hold without a declaration; none once it is dead. */
  readonly undeclared: readonly string[];
  /** As key=value. */
  readonly domains: readonly string[];
  /** As provider/region. */
  readonly quotas: readonly string[];
  /** Its unaccepted instructions, as "unassign key=value". */
  readonly instructions: readonly string[];
}

type Lists = Pick<
  FleetClient,
  "listShards" | "listClusters" | "listDomains" | "listQuotas" | "listInstructions"
>;

/** Throws SHARD_UNKNOWN. Each list is from one moment, but not all from the same. */
export async function holdingsOf(
  client: Lists,
  shardId: string,
  how: Pick<ReadOptions, "consistency"> = {},
): Promise<ShardHoldings> {
  const filter = { shardId };
  const [{ stamp, shards }, { clusters }, { domains }, { quotas }] = await Promise.all([
    client.listShards({ filter: { prefix: shardId }, ...how }),
    client.listClusters({ filter, ...how }),
    client.listDomains({ filter, ...how }),
    client.listQuotas({ filter, ...how }),
  ]);
  // Read after the domains: one entry replaces a domain by its release, which must not be missed in between.
  const { instructions } = await client.listInstructions({ filter, ...how });
  const shard = shards.find((view) => view.shard?.shardId === shardId);
  if (shard === undefined) throw unknown(shardId);
  const declared = clusters.flatMap((view) => view.declared ?? []);
  return {
    stamp,
    shard,
    clusters: declared.filter((row) => row.shardId === shardId).map((row) => row.clusterId),
    leaving: declared.filter((row) => row.migration?.fromShard === shardId).map((row) => row.clusterId),
    undeclared: undeclaredAt(shard, shardId, clusters),
    domains: domains.map(({ key, value }) => `${key}=${value}`),
    quotas: quotas.map(({ provider, region }) => `${provider}/${region}`),
    instructions: instructions.map(instructionInWords),
  };
}

// Silence is no release: its last report counts until the shard is dead, as for the leader's check of a
// removal.
function undeclaredAt(
  { liveness }: ShardView,
  shardId: string,
  clusters: readonly ClusterView[],
): readonly string[] {
  if (liveness === ShardLiveness.DEAD) return [];
  const isUndeclared = ({ declared, observed }: ClusterView) =>
    declared?.shardId !== shardId &&
    declared?.migration?.fromShard !== shardId &&
    observed.some((row) => row.shardId === shardId);
  return clusters.filter(isUndeclared).map((view) => view.clusterId);
}

/** "3 cluster bindings, 1 domain"; empty when nothing remains. */
function holdingsInWords(holdings: ShardHoldings): string {
  const { shard, clusters, leaving, undeclared, domains, quotas, instructions } = holdings;
  const parts = [
    counted(clusters, "cluster binding", "cluster bindings"),
    counted(leaving, "migration away", "migrations away"),
    counted(domains, "domain", "domains"),
    counted(quotas, "quota slice", "quota slices"),
    counted(instructions, "pending instruction", "pending instructions"),
    counted(undeclared, "cluster that is not declared to it", "clusters that are not declared to it"),
    unheardInWords(shard),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function unheardInWords({ liveness }: ShardView): string {
  // A new leader knows no undeclared clusters before the shard has reported to it.
  if (liveness === ShardLiveness.UNKNOWN) return "what it has not reported yet: unknown (rebuilding)";
  if (liveness === ShardLiveness.SUSPECT) return "what it serves since its last report: unknown (suspect)";
  return "";
}

/**
 * Resolves with the result in which nothing remained; `onChange` gets what remains, whenever that changes.
 * Throws SHARD_STILL_IN_USE.
 */
export async function waitUntilEmpty(
  client: Lists,
  shardId: string,
  timeoutMs: number,
  onChange: (words: string, holdings: ShardHoldings) => void,
): Promise<ShardHoldings> {
  const endMs = performance.now() + timeoutMs;
  let said = "";
  for (;;) {
    const holdings = await holdingsOf(client, shardId);
    const words = holdingsInWords(holdings);
    if (words === "") return holdings;
    if (words !== said) onChange(words, holdings);
    said = words;
    if (performance.now() >= endMs) throw stillInUse(shardId, words);
    await sleep(Math.min(LOOK_EVERY_MS, Math.max(1, endMs - performance.now())));
  }
}

function instructionInWords({ kind, key, value }: Instruction): string {
  return `${kind === InstructionKind.UNASSIGN_DOMAIN ? "unassign" : "assign"} ${key}=${value}`;
}

function counted(rows: readonly string[], one: string, many: string): string {
  return rows.length === 0 ? "" : `${rows.length} ${rows.length === 1 ? one : many}`;
}

function unknown(shardId: string): OperatorError {
  return new OperatorError("SHARD_UNKNOWN", {
    what: `no shard ${shardId} has registered`,
    next: "see the known shards: fleet shard list",
    exit: Exit.NotFound,
  });
}

function stillInUse(shardId: string, words: string): OperatorError {
  return new OperatorError("SHARD_STILL_IN_USE", {
    what: `shard ${shardId} still has ${words}`,
    why: "a drain moves nothing by itself, and a shard that does not report accepts no instruction",
    next: `Move what it has: fleet rebind plan, fleet domain move. Undeclared clusters: give their agents another address. Those without an agent: fleet cluster bind. See what is left: fleet shard show ${shardId}`,
    exit: Exit.TimedOut,
  });
}
