// Which clusters this shard holds, as pure transitions of one cluster's record. Must stay true: a cluster is
// bound at first contact, without asking a coordinator. It is released only on a coordinator's newer
// instruction, and never during its session. A released cluster stays refused until a newer instruction
// changes that. Such an instruction binds it here again, or says that it has no owner. Then its record is
// removed, and the next shard that it dials has its first contact. Absent: sessions (session-registry.ts),
// the disk (shard-store.ts), and any wait for a coordinator.

import { assert } from "../base/assert.ts";
import type { BindingInstruction } from "../wire/gen/fleet/v1/coordinator.ts";

/** The shard that a released cluster must dial. */
export interface Destination {
  readonly toShard: string;
  readonly toAddress: string;
}

/**
 * The version of everything obeyed in an earlier incarnation. No row of the new one has it: a log's first
 * entry creates neither versions nor sequences.
 */
export const EARLIER = 1;

/** One cluster's record. `version` is the coordinator's binding version last obeyed, 0 = first contact. */
export type Binding =
  | { readonly kind: "bound"; readonly version: number }
  | { readonly kind: "releasing"; readonly version: number; readonly to: Destination }
  | { readonly kind: "released"; readonly version: number; readonly to: Destination };

export type BindingTable = ReadonlyMap<string, Binding>;

export type Instruction =
  | { readonly kind: "release"; readonly version: number; readonly to: Destination }
  | { readonly kind: "accept"; readonly version: number }
  | { readonly kind: "forget"; readonly version: number };

export type Contact =
  | { readonly kind: "accepted"; readonly binding: Binding }
  | { readonly kind: "refused"; readonly to: Destination };

/** Decodes the wire's form; null for an action that only a newer coordinator knows. */
export function readInstruction(wire: BindingInstruction): Instruction | null {
  const { version } = wire;
  switch (wire.action?.$case) {
    case "release": {
      const { toShard, toAddress } = wire.action.value;
      return { kind: "release", version, to: { toShard, toAddress } };
    }
    case "accept":
      return { kind: "accept", version };
    case "forget":
      return { kind: "forget", version };
    case undefined:
      return null;
  }
}

/** A cluster asks for a session. The first contact wins (BigFleet ADR-0007): an unknown cluster is bound. */
export function contact(binding: Binding | undefined): Contact {
  if (binding === undefined) return { kind: "accepted", binding: { kind: "bound", version: 0 } };
  switch (binding.kind) {
    case "bound":
      return { kind: "accepted", binding };
    // A releasing cluster is refused: each reconnect would delay the release, so it would stay here for ever.
    case "releasing":
    case "released":
      return { kind: "refused", to: binding.to };
  }
}

/** The record once another incarnation is obeyed: all its instructions are newer. */
export function ofEarlier<Kind extends Binding>(binding: Kind): Kind {
  return { ...binding, version: Math.min(binding.version, EARLIER) };
}

/** The cluster's session has ended: a pending release takes effect. */
export function sessionEnded(binding: Binding): Binding {
  return binding.kind === "releasing" ? { ...binding, kind: "released" } : binding;
}

/**
 * Applies an instruction that is newer than the last obeyed one. Returns the same record if the instruction
 * is stale or must wait, and none if the record must be removed.
 */
export function obey(
  binding: Binding | undefined,
  instruction: Instruction,
  hasSession: boolean,
): Binding | undefined {
  const obeyed = binding?.version ?? 0;
  if (instruction.version <= obeyed) return binding;
  // A live session needs its binding.
  if (instruction.kind === "forget") return hasSession ? binding : undefined;
  const next = follow(instruction, hasSession);
  assert(next.version > obeyed, "the obeyed version only rises");
  return next;
}

function follow(instruction: Exclude<Instruction, { kind: "forget" }>, hasSession: boolean): Binding {
  const { version } = instruction;
  switch (instruction.kind) {
    case "accept":
      return { kind: "bound", version };
    // A live session is never closed: the cluster's operator moves it by restarting its agent.
    case "release":
      return { kind: hasSession ? "releasing" : "released", version, to: instruction.to };
  }
}
