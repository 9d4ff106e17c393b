// What clients were promised. An acknowledged write stays for good and was applied once, however often it was sent. A
// linearizable read sees everything that was acknowledged, or read by any client, before it began. The committed log is
// the witness: a state's applied index tells what it has seen.

import type { LogIndex } from "../../base/ids.ts";
import type { FleetView } from "../../fleet/state.ts";
import { probeKey } from "../../fleet/tables/schema.ts";
import { Command, type Outcome } from "../../wire/gen/fleet/v1/command.ts";
import { check } from "../violation.ts";

export class ClientPromises {
  /** The index at which each probe was applied, by drill and number. */
  readonly #applied = new Map<string, LogIndex>();
  readonly #acknowledged = new Set<string>();
  #acknowledgedIndex = 0;
  #readIndex = 0;
  #decodedThrough = 0;
  #reads = 0;

  get writes(): number {
    return this.#acknowledged.size;
  }

  get reads(): number {
    return this.#reads;
  }

  /** The highest index in an answer to a client. */
  get witnessed(): number {
    return Math.max(this.#acknowledgedIndex, this.#readIndex);
  }

  /** A replica applied the entry. A later one gets the same state, or its hash differs. */
  applies(index: LogIndex, data: Uint8Array, outcome: Outcome | null): void {
    if (index <= this.#decodedThrough || data.length === 0 || outcome === null) return;
    this.#decodedThrough = index;
    const kind = Command.decode(data).operation?.kind;
    if (kind?.$case !== "recordProbe" || outcome.index !== index || outcome.result?.$case !== "applied")
      return;
    const key = probeKey(kind.value.drillId, kind.value.number);
    const before = this.#applied.get(key);
    const isOnce = before === undefined && outcome.result.value.version === 1;
    check(isOnce, "exactly once", () => `write ${key} was applied at ${before} and again at ${index}`);
    this.#applied.set(key, index);
  }

  acknowledges(drillId: string, number: number, outcome: Outcome): void {
    const key = probeKey(drillId, number);
    const { index, result } = outcome;
    const count = result?.$case === "applied" ? result.value.version : 0;
    check(count === 1, "exactly once", () => `write ${key} was answered with ${JSON.stringify(result)}`);
    const applied = this.#applied.get(key);
    check(
      applied === index,
      "no lost write",
      () => `write ${key} acknowledged at ${index}, applied at ${applied}`,
    );
    this.#acknowledged.add(key);
    this.#acknowledgedIndex = Math.max(this.#acknowledgedIndex, index);
  }

  /** A read that began when `witnessed` was `required` was answered from the state at `seen`. */
  answersRead(required: number, seen: LogIndex, by: string): void {
    check(
      seen >= required,
      "linearizable reads",
      () => `${by} answers from index ${seen}, ${required} was known`,
    );
    this.#readIndex = Math.max(this.#readIndex, seen);
    this.#reads += 1;
  }

  /** The state at the end holds every acknowledged write, once. */
  isWhole(view: FleetView): void {
    for (const key of this.#acknowledged) {
      const count = view.tables.probes.get(key)?.applications ?? 0;
      check(count === 1, "no lost write", () => `the acknowledged write ${key} is there ${count} times`);
    }
  }
}
