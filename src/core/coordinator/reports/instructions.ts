// What a shard is told in answer to its report: pure, from its rows and the declared bindings.
// A live session is never policed away: a shard that holds one without ever having been the declared owner is
// drift, which operators see and rebind; only a former owner, or one without a session, is told to let go.
// What a shard holds of a cluster that was unbound it is told to forget. The version of that is the log index at which
// the cluster had no binding: above all that were given out before, and below any that it is given later.

import type { Binding } from "../../wire/gen/fleet/v1/command.ts";
import type { BindingInstruction, ShardBinding } from "../../wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../wire/gen/fleet/v1/views.ts";

/** The first entry of a log gives out no version: so high is one that another incarnation has given. */
export const EARLIER_VERSION_MAX = 1;

export interface DeclaredBindings {
  binding(clusterId: string): Binding | undefined;
  shardAddress(shardId: string): string;
  /** Through which log index `binding` knows. */
  readonly appliedIndex: number;
  /** Whether no shard but the reporting one serves the cluster or holds it, or may: of one that is dead nothing is awaited. */
  isNobodysBut(clusterId: string): boolean;
}

/** Whether a report of `row` declares its cluster if nobody has. Of what was declared once, only an agent's presence does. */
export function isFirstContact({ state, session, version }: ShardBinding): boolean {
  return state === BindingState.BOUND && (session || version === 0);
}

/** The instructions for `shardId`; a cluster that nobody owns is forgotten unless the report itself may declare it. */
export function instructionsFor(
  shardId: string,
  rows: readonly ShardBinding[],
  declared: DeclaredBindings,
): BindingInstruction[] {
  const instructions: BindingInstruction[] = [];
  for (const row of rows) {
    const instruction = instructionFor(shardId, row, declared);
    if (instruction !== null) instructions.push(instruction);
  }
  return instructions;
}

function instructionFor(
  shardId: string,
  row: ShardBinding,
  declared: DeclaredBindings,
): BindingInstruction | null {
  const binding = declared.binding(row.clusterId);
  if (binding === undefined) return forgetting(row, declared);
  return binding.shardId === shardId ? acceptance(row, binding) : release(row, binding, declared);
}

/**
 * What a shard that refuses unknown clusters must hear of those that are its own and that it does not report, for it
 * may have lost its disk. `declared.own` are the `count` bindings that name the shard.
 */
export function unreportedAcceptances(
  shardId: string,
  rows: readonly ShardBinding[],
  declared: { readonly count: number; binding(id: string): Binding | undefined; own(): Iterable<Binding> },
): BindingInstruction[] {
  const reported = new Set(rows.map((row) => row.clusterId));
  const known = rows.filter((row) => declared.binding(row.clusterId)?.shardId === shardId).length;
  // Nearly always so: then not even the shard's own bindings are passed over.
  if (known === declared.count) return [];
  const unreported: BindingInstruction[] = [];
  for (const { clusterId, version } of declared.own()) {
    if (reported.has(clusterId)) continue;
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

function forgetting(
  { clusterId, state, session, version }: ShardBinding,
  { appliedIndex, isNobodysBut }: DeclaredBindings,
): BindingInstruction | null {
  // It was never told a binding: a first contact, that nobody has declared yet or that may not be declared.
  if (session || version === 0) return null;
  // What this replica has yet to apply may bind it.
  if (version >= appliedIndex) return null;
  // A release that is forgotten lets the cluster in again: not while it may be served elsewhere.
  if (state !== BindingState.BOUND && !isNobodysBut(clusterId)) return null;
  return { clusterId, version: appliedIndex, action: { $case: "forget", value: {} } };
}
