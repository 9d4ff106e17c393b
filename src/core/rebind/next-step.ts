// What to do next for one move, decided from what is observed alone. There is no journal: an execution that was
// interrupted anywhere, even on another machine, goes on from what the coordinator and the shards show.
// What must stay true: nothing is settled before the executor has run to its end, the new owner serves the cluster
// and the old one has let go.

import { assert } from "../base/assert.ts";
import type { Binding } from "../wire/gen/fleet/v1/command.ts";
import type { ClusterObserved } from "../wire/gen/fleet/v1/coordinator.ts";
import type { Move } from "./plan.ts";

export interface MoveObserved {
  /** The declared binding; null = the coordinator knows no such cluster. */
  readonly binding: Readonly<Binding> | null;
  /** All shards' reports of the cluster. */
  readonly observed: readonly Pick<ClusterObserved, "shardId" | "session" | "bound">[];
  /** Shards that have reported to the present leader; of any other, nothing is known. */
  readonly reporting: ReadonlySet<string>;
  /** The executor has finished in this run. An earlier run's may have been cut short, so it does not count. */
  readonly agentMoved: boolean;
}

export type NextStep =
  /** Declare the new owner: BeginRebind with this `supersedes`. */
  | { readonly step: "begin"; readonly supersedes: string }
  /** Have the agent restarted with the target's address. Running it twice must do no harm. */
  | { readonly step: "move-agent" }
  | { readonly step: "wait-session"; readonly why: string }
  | { readonly step: "wait-release"; readonly why: string }
  | { readonly step: "settle" }
  /** Nothing is left to do. `why` is given when that is not because the target serves the cluster. */
  | { readonly step: "done"; readonly why?: string }
  /** Going on would overrule somebody: an operator decides. `reason` is upper case and stable. */
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
  // Declaring a dead shard the owner would leave the cluster without a way back by itself.
  if (!seen.reporting.has(move.to)) return targetSilent(move);
  return { step: "begin", supersedes: move.supersedes ?? "" };
}

function continueMigration(move: Move, seen: MoveObserved): NextStep {
  // Also when the target serves already: an executor that was cut short, or that of the move which this one undoes,
  // may have left the agent configured for another shard, to go there at its next start.
  if (!seen.agentMoved || !isServedBy(move.to, seen)) return bringAgent(move, seen);
  const holder = holderBeside(move, seen);
  if (holder !== null) return { step: "wait-release", why: holder };
  // Silence is no release: a cut-off source may still serve the cluster.
  if (!seen.reporting.has(move.from)) {
    return { step: "wait-release", why: `shard ${move.from} does not report whether it has let go` };
  }
  return { step: "settle" };
}

// The target is declared and no migration is under way: settled before, or (in a rollback) never begun. The agent
// may still dial another shard, which is the one thing left to put right.
function finish(move: Move, seen: MoveObserved): NextStep {
  const elsewhere = seen.observed.find((row) => row.session && row.shardId !== move.to);
  if (isServedBy(move.to, seen)) {
    if (elsewhere === undefined) return { step: "done" };
    return { step: "wait-release", why: `shard ${elsewhere.shardId} still has a session` };
  }
  // That the others have let go is no end for a cluster that was taken from them, in this run or by one before it.
  const isTaken = seen.agentMoved || move.agentOnly === true;
  if (isTaken || elsewhere !== undefined) return bringAgent(move, seen);
  return { step: "done", why: `no shard shows a session of cluster ${move.cluster}` };
}

function bringAgent(move: Move, seen: MoveObserved): NextStep {
  const isReporting = seen.reporting.has(move.to);
  if (!seen.agentMoved) {
    // Wherever the agent is now, it is no worse off there.
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

// Who besides the target still has the cluster: any session counts, and the source's held binding.
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
  return blocked("OWNER_CHANGED", `the owner now is ${binding.shardId}, in version ${binding.version}`);
}

function blocked(reason: string, why: string): NextStep {
  return { step: "blocked", reason, why };
}
