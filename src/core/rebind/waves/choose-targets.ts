// Where each cluster of a plan goes. A target takes new clusters, is alive, and has room: each cluster is taken
// to need as many machines as the mean of its shard. Room that one move takes is not available to the next.
// Among targets with room the one with the fewest clusters wins, so that the clusters spread.

import { type Binding, ShardState } from "../../wire/gen/fleet/v1/command.ts";
import type { ShardView } from "../../wire/gen/fleet/v1/coordinator.ts";
import { ShardLiveness } from "../../wire/gen/fleet/v1/views.ts";
import { meanOf } from "../room.ts";

export interface TargetRequest {
  readonly shards: readonly ShardView[];
  /** The bindings of the clusters to move, in the order in which they move. */
  readonly moving: readonly Readonly<Binding>[];
  /** The named targets; empty = all shards. */
  readonly to: readonly string[];
}

export type Chosen =
  | {
      readonly ok: true;
      /** By cluster. */
      readonly targets: ReadonlyMap<string, string>;
      /** Machines that each target needs; only of targets that need a known number. */
      readonly rooms: Readonly<Record<string, number>>;
    }
  | { readonly ok: false; readonly cluster: string; readonly whys: readonly string[] };

interface Candidate {
  readonly shard: string;
  clusters: number;
  /** Null: the shard does not report its machines. */
  free: number | null;
  promised: number;
}

export function chooseTargets({ shards, moving, to }: TargetRequest): Chosen {
  const leaving = new Set(moving.map(({ shardId }) => shardId));
  const known = new Map(shards.map((view) => [view.shard?.shardId ?? "", view]));
  const named = to.length > 0 ? to : [...known.keys()].filter((shard) => !leaving.has(shard));
  const whys: string[] = [];
  const candidates: Candidate[] = [];
  for (const shard of named) {
    const view = known.get(shard);
    const closed = closedBecause(view);
    if (closed !== null || view === undefined) whys.push(`shard ${shard} ${closed}`);
    else candidates.push(candidateOf(shard, view));
  }
  const targets = new Map<string, string>();
  for (const { clusterId, shardId: from } of moving) {
    const machines = meanOf(known.get(from));
    const best = bestOf(candidates, from, machines);
    if (best === null) {
      return { ok: false, cluster: clusterId, whys: [...whys, ...fullBecause(candidates, from, machines)] };
    }
    best.clusters += 1;
    best.promised += machines;
    if (best.free !== null) best.free -= machines;
    targets.set(clusterId, best.shard);
  }
  const needing = candidates.filter(({ promised }) => promised > 0);
  return {
    ok: true,
    targets,
    rooms: Object.fromEntries(needing.map(({ shard, promised }) => [shard, promised])),
  };
}

function candidateOf(shard: string, { observed }: ShardView): Candidate {
  const free = observed?.summary?.machinesFree ?? null;
  return { shard, clusters: observed?.boundClusters ?? 0, free, promised: 0 };
}

function bestOf(candidates: readonly Candidate[], from: string, machines: number): Candidate | null {
  let best: Candidate | null = null;
  for (const candidate of candidates) {
    if (candidate.shard === from || !hasRoom(candidate, machines)) continue;
    if (best === null || candidate.clusters < best.clusters) best = candidate;
  }
  return best;
}

// Unknown machines are no room for a cluster that is known to need some.
const hasRoom = ({ free }: Candidate, machines: number) => machines === 0 || (free ?? 0) >= machines;

function closedBecause(view: ShardView | undefined): string | null {
  if (view === undefined) return "is not registered";
  if (view.shard?.state !== ShardState.ACTIVE) return "is drained or removed";
  return view.liveness === ShardLiveness.ALIVE ? null : "is not known to be alive";
}

function fullBecause(candidates: readonly Candidate[], from: string, machines: number): string[] {
  return candidates
    .filter(({ shard }) => shard !== from)
    .map(({ shard, free }) =>
      free === null
        ? `shard ${shard} does not report its free machines`
        : `shard ${shard} has ${Math.max(0, free)} free machines left, and a cluster of ${from} needs about ${machines}`,
    );
}
