// Audited entries of the log that let one replica do something outside the tables. It fences itself, rotates its keys,
// or makes a fault for a drill. What must stay true: an entry lets each replica that it names act once. Entries from
// before this start let it do nothing, since they may have been used already.

import type { LogIndex } from "../../base/ids.ts";
import type { NewCommand } from "../../fleet/command-codec.ts";
import type { NoteLogLevel, Operation, Outcome } from "../../wire/gen/fleet/v1/command.ts";

/** Unused entries beyond that are forgotten, the oldest first. */
const KEPT_MAX = 64;

export type OrderKind = "noteFence" | "noteKeyRotation" | "noteDrill";

export interface NodeOrder {
  readonly kind: OrderKind;
  /** Of the replicas that may act. Each has a table of its own, which it uses up. */
  readonly names: readonly string[];
  readonly actor: string;
  readonly reason: string;
}

export interface LogLevelOrder extends Pick<NoteLogLevel, "name" | "level"> {
  readonly actor: string;
  readonly reason: string;
}

export class NodeOrders {
  readonly #orders = new Map<number, NodeOrder>();
  #before = 0;

  /** A change of a replica's log level needs no call: the entry is the order. */
  onLogLevel: ((order: LogLevelOrder) => void) | null = null;

  /** The log had these entries when the process started. */
  ignoreThrough(index: LogIndex): void {
    this.#before = index;
    for (const known of [...this.#orders.keys()]) if (known <= index) this.#orders.delete(known);
  }

  /** After each entry. One that was refused, or repeats an earlier one, has no entry in the audit log. */
  applied(index: LogIndex, { operation, actor, reason }: NewCommand, outcome: Outcome): void {
    const kind = operation?.kind;
    const isNoted = outcome.index === index && outcome.result?.$case === "applied";
    if (!isNoted || index <= this.#before) return;
    if (kind?.$case === "noteLogLevel") this.onLogLevel?.({ ...kind.value, actor, reason });
    const order = orderOf(kind);
    if (order === null) return;
    this.#orders.set(index, { ...order, actor, reason });
    const [oldest] = this.#orders.keys();
    if (this.#orders.size > KEPT_MAX && oldest !== undefined) this.#orders.delete(oldest);
  }

  /** The entry at the index, if it is this order; then it is used up. */
  take(
    index: number,
    wanted: Pick<NodeOrder, "kind" | "actor"> & { readonly name: string },
  ): NodeOrder | null {
    const found = this.#orders.get(index);
    if (found?.kind !== wanted.kind || found.actor !== wanted.actor) return null;
    if (!found.names.includes(wanted.name)) return null;
    this.#orders.delete(index);
    return found;
  }
}

function orderOf(kind: Operation["kind"]): Pick<NodeOrder, "kind" | "names"> | null {
  if (kind?.$case === "noteDrill") return { kind: kind.$case, names: kind.value.victims };
  if (kind?.$case !== "noteFence" && kind?.$case !== "noteKeyRotation") return null;
  return { kind: kind.$case, names: [kind.value.name] };
}
