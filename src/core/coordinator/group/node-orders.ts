// Audited entries of the log that let one replica do something outside the tables: fence itself, or rotate its
// keys. What must stay true: an entry lets its replica act once. Entries from before this start let it do
// nothing, since they may have been used already.

import type { LogIndex } from "../../base/ids.ts";
import type { NewCommand } from "../../fleet/command-codec.ts";
import type { Outcome } from "../../wire/gen/fleet/v1/command.ts";

/** Unused entries beyond that are forgotten, the oldest first. */
const KEPT_MAX = 64;

export type OrderKind = "noteFence" | "noteKeyRotation";

export interface NodeOrder {
  readonly kind: OrderKind;
  /** The replica's name. */
  readonly name: string;
  readonly actor: string;
  readonly reason: string;
}

export class NodeOrders {
  readonly #orders = new Map<number, NodeOrder>();
  #before = 0;

  /** The log had these entries when the process started. */
  ignoreThrough(index: LogIndex): void {
    this.#before = index;
    for (const known of [...this.#orders.keys()]) if (known <= index) this.#orders.delete(known);
  }

  /** After each entry. One that was refused, or repeats an earlier one, has no entry in the audit log. */
  applied(index: LogIndex, { operation, actor, reason }: NewCommand, outcome: Outcome): void {
    const kind = operation?.kind;
    if (kind?.$case !== "noteFence" && kind?.$case !== "noteKeyRotation") return;
    const isNoted = outcome.index === index && outcome.result?.$case === "applied";
    if (!isNoted || index <= this.#before) return;
    this.#orders.set(index, { kind: kind.$case, name: kind.value.name, actor, reason });
    const [oldest] = this.#orders.keys();
    if (this.#orders.size > KEPT_MAX && oldest !== undefined) this.#orders.delete(oldest);
  }

  /** The entry at the index, if it is this order; then it is used up. */
  take(index: number, wanted: Pick<NodeOrder, "kind" | "name" | "actor">): NodeOrder | null {
    const found = this.#orders.get(index);
    const isIt = found?.kind === wanted.kind && found.name === wanted.name && found.actor === wanted.actor;
    if (found === undefined || !isIt) return null;
    this.#orders.delete(index);
    return found;
  }
}
