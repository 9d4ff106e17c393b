// The snapshots that a group's replica makes of its own state, and what of the log it lets go behind them. What must stay
// true: one is made at a time; entries are forgotten only when a durable snapshot covers them. When they are due by the
// log's length is snapshot-points.ts's business.

import { type GroupId, type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import type { Storage } from "../storage/storage.ts";
import type { Applied } from "./applier.ts";
import type { GroupMeter } from "./group-meter.ts";
import type { Machine } from "./machine.ts";
import { passedSnapshotPoint } from "./snapshot-points.ts";

export interface OwnSnapshotsOptions {
  readonly group: GroupId;
  readonly self: NodeId;
  readonly storage: Storage;
  readonly machine: Pick<Machine<unknown>, "capture">;
  /** Applied entries from one to the next. */
  readonly snapshotEvery: number;
  /** Entries kept behind a snapshot, so that a follower a little behind need not take the snapshot. */
  readonly trailing: number;
  readonly meter: GroupMeter;
  /** A write or an invariant failed: the process must stop. */
  readonly onFatal: (error: unknown) => void;
}

export class OwnSnapshots {
  readonly #options: OwnSnapshotsOptions;
  #index: LogIndex;
  #isSaving = false;
  #isWanted = false;
  /** Entries through this index are to be kept no longer than it takes to make a snapshot of what they led to. */
  #unwantedThrough = logIndex(0);

  /** `index`: of the newest one that there is. */
  constructor(options: OwnSnapshotsOptions, index: LogIndex) {
    this.#options = options;
    this.#index = index;
  }

  /** Of the newest one that is durable. */
  get index(): LogIndex {
    return this.#index;
  }

  /** A newer one is due at once: somebody can't use the one that there is. */
  want(): void {
    this.#isWanted = true;
  }

  /** The log is to be let go through `through`, as soon as a snapshot covers it. */
  letGo(through: LogIndex): void {
    const last = this.#options.storage.reader(this.#options.group).lastIndex();
    this.#unwantedThrough = logIndex(Math.min(through, last));
    if (this.#index >= this.#unwantedThrough) this.#compact();
  }

  /** A snapshot of another replica has taken the state's place. */
  received(index: LogIndex): void {
    this.#index = index;
  }

  /** Begins one of what was applied through `last`, if one is due and none under way. */
  saveIfDue(last: Applied): void {
    const { storage, group, machine, meter, onFatal } = this.#options;
    const isNew = last.index > this.#index && this.#isDue(last.index);
    if (this.#isSaving || !(isNew || storage.isSnapshotLost(group))) return;
    this.#isSaving = true;
    this.#isWanted = false;
    const saved = meter.beginSnapshot();
    storage
      .saveSnapshot(group, { ...last, encode: machine.capture() })
      .then(() => {
        saved();
        this.#isSaving = false;
        if (last.index <= this.#index) return;
        this.#index = last.index;
        this.#compact();
      })
      .catch(onFatal);
  }

  #isDue(applied: LogIndex): boolean {
    const { self, snapshotEvery } = this.#options;
    const mustLetGo = this.#unwantedThrough > this.#index && applied >= this.#unwantedThrough;
    return (
      this.#isWanted || mustLetGo || passedSnapshotPoint(self, snapshotEvery, { saved: this.#index, applied })
    );
  }

  /** Forgets what the newest one covers, but for what followers a little behind may need. */
  #compact(): void {
    const { trailing, storage, group } = this.#options;
    const through = Math.max(this.#index - trailing, Math.min(this.#unwantedThrough, this.#index));
    if (through >= storage.reader(group).firstIndex()) storage.compact(group, logIndex(through));
  }
}
