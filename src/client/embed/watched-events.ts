// The events of a watch in this process, until the host takes them. Bounded: when it is full, the hub reads history
// later.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { Watch, Watcher } from "../../core/coordinator/etcd/watch/watch.ts";
import type { Event } from "../../core/wire/gen/etcd/mvccpb/kv.ts";

const WAITING_MAX = 1_024;

export class WatchedEvents implements Watcher {
  #waiting: Event[] = [];
  #compactedAt: number | null = null;
  #hasEnded = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => undefined;

  isFullFor(): boolean {
    return this.#waiting.length >= WAITING_MAX;
  }

  events(_: Watch, events: readonly Event[]): void {
    for (const event of events) this.#waiting.push(event);
    this.#wake();
  }

  compacted(_: Watch, compactRevision: number): void {
    this.#compactedAt = compactRevision;
    this.#wake();
  }

  failed(error: unknown): void {
    this.#failure = { error };
    this.#wake();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  /** What has come, as soon as something has; null once it has ended. Throws REVISION_COMPACTED, and what the hub failed with. */
  async next(): Promise<readonly Event[] | null> {
    while (this.#waiting.length === 0) {
      if (this.#hasEnded) return null;
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#compactedAt !== null) throw compacted(this.#compactedAt);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const events = this.#waiting;
    this.#waiting = [];
    return this.#hasEnded ? null : events;
  }
}

function compacted(revision: number): OperatorError {
  return new OperatorError("REVISION_COMPACTED", {
    what: `changes before revision ${revision} were compacted`,
    next: "start again from the newest snapshot",
    current: String(revision),
    exit: Exit.Precondition,
  });
}
