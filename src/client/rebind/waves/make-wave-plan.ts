// Makes a plan in waves from the fleet's present state: which clusters are selected, where each goes, and the
// version that each binding has now.

import { Exit, OperatorError } from "../../../core/base/errors.ts";
import type { LabelTest } from "../../../core/base/label-selector.ts";
import type { Executor } from "../../../core/rebind/plan.ts";
import { chooseTargets } from "../../../core/rebind/waves/choose-targets.ts";
import { select } from "../../../core/rebind/waves/select.ts";
import {
  type Preconditions,
  type Strategy,
  WAVE_MOVES_MAX,
  type WavePlan,
} from "../../../core/rebind/waves/wave-plan.ts";
import type { Binding } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { ShardView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetReader, type FleetReads, type OnWait } from "../look.ts";
import { bindingsHash } from "./bindings-hash.ts";

const WHYS_SHOWN = 5;
/** For a shard's name in a plan's name: names may be as long as the limit of the whole. */
const NAME_SHOWN = 60;

const NOTHING: ReturnType<typeof chooseTargets> = { ok: true, targets: new Map(), rooms: {} };

export interface WavePlanRequest {
  /** All clusters of this shard. */
  readonly from: string | undefined;
  /** All clusters of the shards with these labels; region and zone count as labels. */
  readonly shardsWith: LabelTest | undefined;
  /** All clusters with these labels. */
  readonly clustersWith: LabelTest | undefined;
  /** These clusters. */
  readonly clusters: readonly string[];
  /** Targets; empty = any shard with room. */
  readonly to: readonly string[];
  readonly executor: Executor;
  readonly strategy: Strategy;
  /** Without rooms: these follow from the targets. */
  readonly preconditions: Omit<Preconditions, "rooms">;
}

export interface MadeWavePlan {
  /** Without moves: there is nothing to move. */
  readonly plan: WavePlan;
  /** Selected clusters that are left out: a migration of theirs is under way. */
  readonly migrating: readonly string[];
}

/** Throws CLUSTER_UNKNOWN, SHARD_UNKNOWN or NO_TARGET. */
export async function makeWavePlan(
  client: FleetReads,
  request: WavePlanRequest,
  { timeoutMs, onWait }: { readonly timeoutMs: number; readonly onWait: OnWait },
): Promise<MadeWavePlan> {
  // A new leader knows neither rooms nor which shards are alive.
  await new FleetReader(client, onWait).look(performance.now() + timeoutMs);
  const [{ shards }, { clusters, stamp }] = [await client.listShards(), await client.listClusters()];
  const bindings = clusters.flatMap(({ declared }) => (declared === undefined ? [] : [declared]));
  refuseUnknown(request, shards, bindings);
  const { moving, migrating } = select(request, shards, bindings);
  if (moving.length > WAVE_MOVES_MAX) throw tooMany(moving.length);
  const chosen = moving.length === 0 ? NOTHING : chooseTargets({ shards, moving, to: request.to });
  if (!chosen.ok) throw noTarget(chosen.cluster, chosen.whys);
  const moves = moving.map(({ clusterId, shardId, version }) => {
    return { cluster: clusterId, from: shardId, to: chosen.targets.get(clusterId) ?? "", version };
  });
  const { index = 0, incarnation = "unknown" } = stamp ?? {};
  const base = { clusterId: incarnation, revision: index, bindingsHash: bindingsHash(bindings) };
  const { executor, strategy } = request;
  const preconditions = { ...request.preconditions, rooms: chosen.rooms };
  const name = `${nameOf(request, moving.length)}-r${index}`;
  return { plan: { version: 2, name, executor, base, preconditions, strategy, moves }, migrating };
}

function refuseUnknown(
  { from, to, clusters }: WavePlanRequest,
  shards: readonly ShardView[],
  bindings: readonly Readonly<Binding>[],
): void {
  const registered = new Set(shards.map(({ shard }) => shard?.shardId));
  const shard = [...(from === undefined ? [] : [from]), ...to].find((name) => !registered.has(name));
  if (shard !== undefined) {
    throw new OperatorError("SHARD_UNKNOWN", {
      what: `shard ${shard} is not registered`,
      next: "see the known shards: fleet shard list",
      exit: Exit.NotFound,
    });
  }
  const bound = new Set(bindings.map(({ clusterId }) => clusterId));
  const cluster = clusters.find((name) => !bound.has(name));
  if (cluster === undefined) return;
  throw new OperatorError("CLUSTER_UNKNOWN", {
    what: `cluster ${cluster} is not bound to any shard`,
    next: "see the known clusters: fleet cluster list",
    exit: Exit.NotFound,
  });
}

function nameOf({ from, to }: WavePlanRequest, count: number): string {
  const what = from === undefined ? `${count}-clusters` : from.slice(0, NAME_SHOWN);
  const [target = "", ...more] = to;
  return `${what}-to-${target === "" || more.length > 0 ? "many" : target.slice(0, NAME_SHOWN)}`;
}

function noTarget(cluster: string, whys: readonly string[]): OperatorError {
  const rest = whys.length > WHYS_SHOWN ? `; and ${whys.length - WHYS_SHOWN} more` : "";
  return new OperatorError("NO_TARGET", {
    what: `no shard can take cluster ${cluster}; nothing was planned`,
    why: whys.length === 0 ? "there is no other shard" : `${whys.slice(0, WHYS_SHOWN).join("; ")}${rest}`,
    next: "name other targets: --to s2,s3; see the shards: fleet shard list",
    exit: Exit.Precondition,
  });
}

function tooMany(count: number): OperatorError {
  return new OperatorError("PLAN_TOO_LARGE", {
    what: `${count} clusters are selected, and a plan has at most ${WAVE_MOVES_MAX} moves`,
    next: "select fewer: --file FILE with their names",
    exit: Exit.Usage,
  });
}
