// Dropped rows of shards' reports, counted by kind for operators. A warning names the shard once for each
// shard and kind, so that a flood never fills the log.

import type { Log } from "../../base/log.ts";
import { ROW_KINDS, type RowKind } from "./observable-report.ts";

const WARNINGS_MAX = 1_024;

export class RefusedRows {
  readonly #log: Log;
  readonly #counts = new Map<RowKind, number>(ROW_KINDS.map((kind) => [kind, 0]));
  readonly #warned = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  get counts(): ReadonlyMap<RowKind, number> {
    return this.#counts;
  }

  note(shard: string, refused: ReadonlyMap<RowKind, number>): void {
    for (const [kind, count] of refused) {
      this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
      this.#warn(shard, kind, count);
    }
  }

  #warn(shard: string, kind: RowKind, count: number): void {
    const key = JSON.stringify([shard, kind]);
    if (this.#warned.has(key)) return;
    if (this.#warned.size >= WARNINGS_MAX) this.#warned.clear();
    this.#warned.add(key);
    this.#log.warn("a shard reported rows that no correct shard reports; they were left out", {
      ...{ shard, kind, count },
      next: "check which program and version runs as that shard",
    });
  }
}
