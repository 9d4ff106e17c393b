// When the leader makes a snapshot, and what it deletes behind it. One at a time. What must stay true: the state is captured between two
// entries, and stored only once the other replicas have confirmed it (ADR-0017).

import { type LogIndex, logIndex } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Applied } from "../group/applier.ts";
import type { GroupMeter } from "../group/group-meter.ts";
import type { Machine } from "../group/machine.ts";
import type { EtcdSnapshots, SavedState } from "./etcd-snapshots.ts";
import type { LogStore } from "./log-store.ts";

export interface OwnEtcdSnapshotsOptions {
  readonly snapshotEvery: number;
  readonly snapshotEveryBytes: number;
  readonly trailing: number;
  readonly mayKeep: (index: LogIndex) => boolean;
  readonly machine: Pick<Machine<unknown>, "capture">;
  readonly snapshots: Pick<EtcdSnapshots, "save" | "trim">;
  readonly store: Pick<LogStore, "compact">;
  readonly meter: GroupMeter;
  readonly log: Pick<Log, "warn">;
}

export class OwnEtcdSnapshots {
  readonly #options: OwnEtcdSnapshotsOptions;
  #index = logIndex(0);
  #grownBytes = 0;
  #captured: SavedState | null = null;
  #isSaving = false;
  /** Etcd's revision when the newest snapshot was made: what was before it is compacted with the next. */
  #revision = 0;

  constructor(options: OwnEtcdSnapshotsOptions) {
    this.#options = options;
  }

  /** Of the newest snapshot that is known here; 0 = none. */
  get index(): LogIndex {
    return this.#index;
  }

  learned(index: LogIndex): void {
    this.#index = logIndex(Math.max(index, this.#index));
  }

  /** One more entry was applied, with this payload. */
  applied(bytes: number): void {
    this.#grownBytes += bytes;
  }

  /** To be called between two entries, on a leader. `created`: its fence; `revision`: etcd's now. */
  saveIfDue(last: Applied, created: number, revision: number): void {
    const { snapshotEvery, snapshotEveryBytes, mayKeep, machine } = this.#options;
    if (this.#isSaving) return;
    if (this.#captured !== null && this.#captured.created !== created) this.#captured = null;
    const isDue = last.index - this.#index >= snapshotEvery || this.#grownBytes >= snapshotEveryBytes;
    if (this.#captured === null && isDue && last.index > this.#index) {
      this.#captured = { index: last.index, term: last.term, created, encode: machine.capture() };
      this.#grownBytes = 0;
    }
    if (this.#captured === null || !mayKeep(this.#captured.index)) return;
    const captured = this.#captured;
    this.#captured = null;
    this.#isSaving = true;
    void this.#save(captured, revision).finally(() => {
      this.#isSaving = false;
    });
  }

  async #save(captured: SavedState, revision: number): Promise<void> {
    const { snapshots, trailing, meter, log } = this.#options;
    const end = meter.beginSnapshot();
    try {
      if (!(await snapshots.save(captured))) return;
      this.#index = captured.index;
      await snapshots.trim(logIndex(Math.max(0, captured.index - trailing)), captured.index);
      await this.#compact(revision);
    } catch (error) {
      // The log stays as it is, and the next snapshot is due after as many entries.
      log.warn("a snapshot was not written to etcd", { index: captured.index, why: String(error) });
    } finally {
      end();
    }
  }

  /** A compaction that failed is covered by the next one. */
  async #compact(revision: number): Promise<void> {
    const { store, log } = this.#options;
    const before = this.#revision;
    this.#revision = revision;
    if (before === 0) return;
    try {
      await store.compact(before);
    } catch (error) {
      log.warn("etcd was not compacted", { revision: before, why: String(error) });
    }
  }
}
