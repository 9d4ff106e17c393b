// A shard's instructions in the answer to its report: pure, from its rows and the declared bindings. A live
// session is never closed. If a shard has a session without ever having been the declared owner, that is
// drift: operators see it and rebind. Only a former owner, or a shard without a session, must release the
// cluster. For an unbound cluster the shard must remove its record. That instruction's version is the log
// index at which the cluster had no binding. It is above all versions given out before, and below any later
// one.

import type { Binding } from "../../wire/gen/fleet/v1/command.ts";
import type { BindingInstruction, ShardBinding } from "../../wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../wire/gen/fleet/v1/views.ts";

/** The first entry of a log creates no version: one up to this value is from another incarnation. */
export const EARLIER_VERSION_MAX = 1;

export interface DeclaredBindings {
  binding(clusterId: string): Binding | undefined;
  shardAddress(shardId: string): string;
  /** The log index through which `binding` is known. */
  readonly appliedIndex: number;
  /** Whether no other shard serves or holds the cluster, or may do so. A dead shard is not waited for. */
  isNobodysBut(clusterId: string): boolean;
}

/**
 * Whether a report of `row` declares its cluster if it is undeclared. For a cluster that was declared once,
 * only a connected agent does.
 */
export function isFirstContact({ state, session, version }: ShardBinding): boolean {
  return state === BindingState.BOUND && (session || version === 0);
}

/**
 * The instructions for `shardId`. An unowned cluster is forgotten unless the report itself may declare it.
 */
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
 * Instructions for a shard that refuses unknown clusters, about its own clusters that it does not report: it
 * may have lost its disk. `declared.own` are the `count` bindings that name the shard.
 */
export function unreportedAcceptances(
  shardId: string,
  rows: readonly ShardBinding[],
  declared: { readonly count: number; binding(id: string): Binding | undefined; own(): Iterable<Binding> },
): BindingInstruction[] {
  const reported = new Set(rows.map((row) => row.clusterId));
  const known = rows.filter((row) => declared.binding(row.clusterId)?.shardId === shardId).length;
  // The usual case: then not even the shard's own bindings are read.
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
  // It never had a binding instruction: a first contact, which is not declared yet or may not be declared.
  if (session || version === 0) return null;
  // An entry that this replica has yet to apply may bind it.
  if (version >= appliedIndex) return null;
  // Forgetting a release admits the cluster again: not while it may be served elsewhere.
  if (state !== BindingState.BOUND && !isNobodysBut(clusterId)) return null;
  return { clusterId, version: appliedIndex, action: { $case: "forget", value: {} } };
}
