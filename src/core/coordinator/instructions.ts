// What a shard is told in answer to its report: pure, from its rows and the declared bindings.
// A live session is never policed away: a shard that holds one without ever having been the declared owner is
// drift, which operators see and rebind; only a former owner, or one without a session, is told to let go.

import type { Binding } from "../wire/gen/fleet/v1/command.ts";
import type { BindingInstruction, ShardBinding } from "../wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../wire/gen/fleet/v1/views.ts";

export interface DeclaredBindings {
  binding(clusterId: string): Binding | undefined;
  shardAddress(shardId: string): string;
}

/** The instructions for `shardId`; a cluster that nobody owns gets none (the report itself declares it). */
export function instructionsFor(
  shardId: string,
  rows: readonly ShardBinding[],
  declared: DeclaredBindings,
): BindingInstruction[] {
  const instructions: BindingInstruction[] = [];
  for (const row of rows) {
    const binding = declared.binding(row.clusterId);
    if (binding === undefined) continue;
    const instruction =
      binding.shardId === shardId ? acceptance(row, binding) : release(row, binding, declared);
    if (instruction !== null) instructions.push(instruction);
  }
  return instructions;
}

/**
 * What a shard that refuses unknown clusters must hear of those that are its own and that it does not report, for it
 * may have lost its disk. `declared` are all bindings, of which `count` name the shard.
 */
export function unreportedAcceptances(
  shardId: string,
  rows: readonly ShardBinding[],
  declared: { readonly count: number; binding(id: string): Binding | undefined; all(): Iterable<Binding> },
): BindingInstruction[] {
  const reported = new Set(rows.map((row) => row.clusterId));
  const known = rows.filter((row) => declared.binding(row.clusterId)?.shardId === shardId).length;
  // That is so but after such a loss: nearly always the pass over all bindings is saved.
  if (known === declared.count) return [];
  const unreported: BindingInstruction[] = [];
  for (const binding of declared.all()) {
    const { clusterId, version } = binding;
    if (binding.shardId !== shardId || reported.has(clusterId)) continue;
    unreported.push({ clusterId, version, action: { $case: "accept", value: {} } });
  }
  return unreported;
}

function acceptance(row: ShardBinding, binding: Binding): BindingInstruction | null {
  if (row.state === BindingState.BOUND && row.version >= binding.version) return null;
  return {
    clusterId: row.clusterId,
    version: binding.version,
    action: { $case: "accept", value: {} },
  };
}

function release(row: ShardBinding, binding: Binding, declared: DeclaredBindings): BindingInstruction | null {
  if (row.state !== BindingState.BOUND) return null;
  const wasOwner = row.version > 0;
  if (!wasOwner && row.session) return null;
  const toAddress = declared.shardAddress(binding.shardId);
  return {
    clusterId: row.clusterId,
    version: binding.version,
    action: { $case: "release", value: { toShard: binding.shardId, toAddress } },
  };
}
