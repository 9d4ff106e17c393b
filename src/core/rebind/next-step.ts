// The next step for one move, decided only from observed state. There is no journal: an execution that was
// interrupted anywhere continues, even on another machine, from what the coordinator and the shards show.
// What must stay true: a move is settled only when the executor has finished. The new owner must then serve the
// cluster, and the old owner must have released it.

import { assert } from "../base/assert.ts";
import type { Binding } from "../wire/gen/fleet/v1/command.ts";
import type { ClusterObserved } from "../wire/gen/fleet/v1/coordinator.ts";
import type { Move } from "./plan.ts";

export interface MoveObserved {
  /** The declared binding; null = the coordinator knows no such cluster. */
  readonly binding: Readonly<Binding> | null;
  /** All shards' reports of the cluster. */
  readonly observed: readonly Pick<ClusterObserved, "shardId" | "session" | "bound">[];
  /** Shards that have reported to the present leader; the state of any other is unknown. */
  readonly reporting: ReadonlySet<string>;
  /** The executor has finished in this run. An earlier run does not count: it may have been interrupted. */
  readonly agentMoved: boolean;
}

export type NextStep =
  /** Declare the new owner: BeginRebind with this `supersedes`. */
  | { readonly step: "begin"; readonly supersedes: string }
  /** Restart the agent with the target's address. Running it twice must do no harm. */
  | { readonly step: "move-agent" }
  | { readonly step: "wait-session"; readonly why: string }
  | { readonly step: "wait-release"; readonly why: string }
  | { readonly step: "settle" }
  /** Nothing is left to do. `why` is given if the reason is not that the target serves the cluster. */
  | { readonly step: "done"; readonly why?: string }
  /**
   * Continuing would overwrite another client's decision: an operator decides. `reason` is upper case and
   * stable.
   */
  | { readonly step: "blocked"; readonly reason: string; readonly why: string };

export function nextStep(move: Move, seen: MoveObserved): NextStep {
  assert(move.from !== move.to, "a move has two shards");
  const { binding } = seen;
  if (binding === null) {
    return blocked("CLUSTER_UNKNOWN", `cluster ${move.cluster} is not bound, or not any more`);
  }
  const { migration } = binding;
  if (migration === undefined) {
    if (binding.shardId === move.to) return finish(move, seen);
    if (binding.shardId === move.from) return begin(move, seen);
    return ownerChanged(binding);
  }
  const isOurs =
    migration.migrationId === move.migrationId &&
    migration.fromShard === move.from &&
    binding.shardId === move.to;
  if (isOurs) return continueMigration(move, seen);
  if (move.supersedes === undefined || move.supersedes !== migration.migrationId) {
    const route = `from ${migration.fromShard} to ${binding.shardId}`;
    return blocked("MIGRATION_UNDER_WAY", `migration ${migration.migrationId} ${route} is under way`);
  }
  return binding.shardId === move.from ? begin(move, seen) : ownerChanged(binding);
}

function begin(move: Move, seen: MoveObserved): NextStep {
  // If a dead shard were declared the owner, the cluster could not recover without an operator.
  if (!seen.reporting.has(move.to)) return targetSilent(move);
  return { step: "begin", supersedes: move.supersedes ?? "" };
}

function continueMigration(move: Move, seen: MoveObserved): NextStep {
  // Done even if the target serves already. An interrupted executor, or the executor of the move that this
  // one undoes, may have configured the agent for another shard. The agent would then move there at its next
  // start.
  if (!seen.agentMoved || !isServedBy(move.to, seen)) return bringAgent(move, seen);
  const holder = holderBeside(move, seen);
  if (holder !== null) return { step: "wait-release", why: holder };
  // Silence is no release: a disconnected source may still serve the cluster.
  if (!seen.reporting.has(move.from)) {
    return {
      step: "wait-release",
      why: `shard ${move.from} does not report whether it has released the cluster`,
    };
  }
  return { step: "settle" };
}

// The target is declared and no migration is running: it was settled before, or (in a rollback) never begun.
// The agent may still dial another shard; only that is left to correct.
function finish(move: Move, seen: MoveObserved): NextStep {
  const elsewhere = seen.observed.find((row) => row.session && row.shardId !== move.to);
  if (isServedBy(move.to, seen)) {
    if (elsewhere === undefined) return { step: "done" };
    return { step: "wait-release", why: `shard ${elsewhere.shardId} still has a session` };
  }
  // The release by the others does not end the move of a cluster that was moved in this run or an earlier
  // one.
  const isTaken = seen.agentMoved || move.agentOnly === true;
  if (isTaken || elsewhere !== undefined) return bringAgent(move, seen);
  return { step: "done", why: `no shard shows a session of cluster ${move.cluster}` };
}

function bringAgent(move: Move, seen: MoveObserved): NextStep {
  const isReporting = seen.reporting.has(move.to);
  if (!seen.agentMoved) {
    // Wherever the agent is now, the target is at least as good.
    return isReporting ? { step: "move-agent" } : targetSilent(move);
  }
  const why = isReporting
    ? `shard ${move.to} shows no session of cluster ${move.cluster} yet`
    : `shard ${move.to} does not report whether it has a session of cluster ${move.cluster}`;
  return { step: "wait-session", why };
}

function isServedBy(shardId: string, seen: MoveObserved): boolean {
  return seen.observed.some((row) => row.shardId === shardId && row.session);
}

// The other shard that still has the cluster. Each session counts, and so does the binding that the source holds.
function holderBeside(move: Move, seen: MoveObserved): string | null {
  for (const { shardId, session, bound } of seen.observed) {
    if (shardId === move.to) continue;
    if (session) return `shard ${shardId} still has a session`;
    if (bound && shardId === move.from) return `shard ${shardId} still holds the binding`;
  }
  return null;
}

function targetSilent({ to }: Move): NextStep {
  return blocked("TARGET_NOT_REPORTING", `shard ${to} does not report to the coordinator`);
}

function ownerChanged(binding: Readonly<Binding>): NextStep {
  return blocked("OWNER_CHANGED", `the owner is now ${binding.shardId}, in version ${binding.version}`);
}

function blocked(reason: string, why: string): NextStep {
  return { step: "blocked", reason, why };
}
