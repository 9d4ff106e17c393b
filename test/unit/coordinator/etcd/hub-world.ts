// A hub of watches whose passes of the event loop a test makes, and watchers that note what they are told.

import { expect } from "vitest";
import type { Watch, Watched, Watcher } from "../../../../src/core/coordinator/etcd/watch/watch.ts";
import { WatchHub } from "../../../../src/core/coordinator/etcd/watch/watch-hub.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { apply, bytes, shown } from "./key-commands.ts";
import { LaterWork } from "./later-work.ts";

export class World {
  space: KeySpace | null = new KeySpace();
  nowMs = 0;
  readonly #later = new LaterWork();
  readonly hub = new WatchHub({
    ...{ space: () => this.space, later: this.#later.add },
    now: () => this.nowMs,
  });

  do(...kinds: Parameters<typeof apply>[1][]): void {
    if (this.space !== null) this.hub.applied(apply(this.space, ...kinds));
  }

  settle(): void {
    this.#later.settle();
  }

  pass(): void {
    this.#later.pass();
  }
}

export class Told implements Watcher {
  isFull = false;
  readonly events_: string[] = [];
  compactedAt: number | null = null;
  /** The time that telling it takes. */
  takes: () => void = () => undefined;
  /** Full after each answer, as a stream with a small buffer. */
  readonly #isSlow: boolean;

  constructor(isSlow = false) {
    this.#isSlow = isSlow;
  }

  isFullFor(): boolean {
    return this.isFull;
  }

  events(_: Watch, events: Parameters<Watcher["events"]>[1]): void {
    expect(this.isFull).toBe(false);
    this.events_.push(...events.map(shown));
    this.isFull = this.#isSlow;
    this.takes();
  }

  compacted(_: Watch, revision: number): void {
    this.compactedAt = revision;
  }

  failed(error: unknown): void {
    throw error;
  }
}

export const from = (startRevision: number, key = "a", rangeEnd = ""): Watched => ({
  ...{ key: bytes(key), rangeEnd: bytes(rangeEnd), startRevision },
  ...{ noPut: false, noDelete: false, prevKv: false },
});
