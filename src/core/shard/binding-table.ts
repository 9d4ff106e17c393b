// Which clusters this shard holds, as pure transitions over one cluster's record. Must stay true: a cluster is
// bound at first contact, asking nobody; it is let go only on a coordinator's newer instruction and never while
// its session lives; once released it stays refused until a newer instruction takes it back, or says that it is
// nobody's: then it is forgotten, and whoever it dials next has its first contact.
// Absent: sessions (session-registry.ts), the disk (shard-store.ts), and any wait for a coordinator.

import { assert } from "../base/assert.ts";
import type { BindingInstruction } from "../wire/gen/fleet/v1/coordinator.ts";

/** Where a released cluster is to go. */
export interface Destination {
  readonly toShard: string;
  readonly toAddress: string;
}

/** Of what was obeyed in an earlier incarnation: a log's first entry gives out neither version nor sequence. */
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

/** From the wire's words; null for an action that only a newer coordinator knows. */
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
    // To let a releasing cluster back in would keep it here for ever: each reconnect would renew its stay.
    case "releasing":
    case "released":
      return { kind: "refused", to: binding.to };
  }
}

/** As it is when another incarnation begins to be obeyed: whatever that says is newer. */
export function ofEarlier<Kind extends Binding>(binding: Kind): Kind {
  return { ...binding, version: Math.min(binding.version, EARLIER) };
}

/** The cluster's session is over: what was waiting for that is let go. */
export function sessionEnded(binding: Binding): Binding {
  return binding.kind === "releasing" ? { ...binding, kind: "released" } : binding;
}

/**
 * Follows an instruction newer than the last one obeyed; the very same record means that it was stale or has to wait,
 * none where there was one that it is to be forgotten.
 */
export function obey(
  binding: Binding | undefined,
  instruction: Instruction,
  hasSession: boolean,
): Binding | undefined {
  const obeyed = binding?.version ?? 0;
  if (instruction.version <= obeyed) return binding;
  // A session lives over a binding.
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
    // A live session is never forced out: the cluster's operator moves it, by restarting its agent.
    case "release":
      return { kind: hasSession ? "releasing" : "released", version, to: instruction.to };
  }
}
