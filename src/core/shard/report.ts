// What a shard tells of itself, and how it follows the answer. No I/O: the reporter carries these.

import type { Log } from "../base/log.ts";
import type {
  BindingInstruction,
  ReportShardResponse,
  ShardBinding,
} from "../wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../wire/gen/fleet/v1/views.ts";
import type { BindingStore } from "./binding-store.ts";
import type { Binding, Instruction } from "./binding-table.ts";
import { obey } from "./binding-table.ts";

type HasSession = (cluster: string) => boolean;

/** All bindings as the wire has them, in the order of their names. */
export function shardBindings(
  bindings: ReadonlyMap<string, Binding>,
  hasSession: HasSession,
): ShardBinding[] {
  const clusters = [...bindings].sort(([a], [b]) => (a < b ? -1 : 1));
  return clusters.map(([clusterId, binding]) => ({
    clusterId,
    state: wireState(binding),
    version: binding.version,
    session: hasSession(clusterId),
  }));
}

/** Follows a coordinator's answer, unless it comes from a leader older than one already heard. */
export function obeyAnswer(
  store: BindingStore,
  answer: ReportShardResponse,
  hasSession: HasSession,
  log: Log,
): { readonly hasChanged: boolean } {
  if (answer.coordinatorTerm < store.coordinatorTerm) return { hasChanged: false };
  store.raiseCoordinatorTerm(answer.coordinatorTerm);
  let hasChanged = false;
  for (const wire of answer.instructions) {
    const instruction = readInstruction(wire);
    if (instruction === null) continue;
    const cluster = wire.clusterId;
    const after = obey(store.bindings.get(cluster), instruction, hasSession(cluster));
    if (after === undefined || !store.set(cluster, after)) continue;
    hasChanged = true;
    log.info("followed a binding instruction", { cluster, now: after.kind, version: after.version });
  }
  return { hasChanged };
}

/** Null for an action that only a newer coordinator knows. */
function readInstruction(wire: BindingInstruction): Instruction | null {
  const { version } = wire;
  switch (wire.action?.$case) {
    case "release": {
      const { toShard, toAddress } = wire.action.value;
      return { kind: "release", version, to: { toShard, toAddress } };
    }
    case "accept":
      return { kind: "accept", version };
    case undefined:
      return null;
  }
}

function wireState(binding: Binding): BindingState {
  switch (binding.kind) {
    case "bound":
      return BindingState.BOUND;
    case "releasing":
      return BindingState.RELEASING;
    case "released":
      return BindingState.RELEASED;
  }
}
