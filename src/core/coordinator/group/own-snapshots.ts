// The snapshots that a group's replica makes of its own state, and the log that it compacts behind them. What
// must stay true: one snapshot is made at a time. Entries are compacted only when a durable snapshot covers
// them. Entries that a follower needs after its present snapshot are kept, up to a limit in bytes.
// snapshot-points.ts decides when snapshots are due by the log's length, and log-hold.ts for which followers
// the log is kept.

import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import { type GroupId, type LogIndex, logIndex, type NodeId } from "../../base/ids.ts";
import type { Snapshot } from "../../raft/message.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Applied } from "./applier.ts";
import type { GroupMeter } from "./group-meter.ts";
import { bytesBetween, trailingFrom } from "./log-bytes.ts";
import { type HeldLog, LogHold } from "./log-hold.ts";
import type { Machine } from "./machine.ts";
import { passedSnapshotPoint, snapshotBytes, snapshotStretch } from "./snapshot-points.ts";

export interface OwnSnapshotsOptions {
  readonly group: GroupId;
  readonly self: NodeId;
  readonly storage: Storage;
  readonly machine: Pick<Machine<unknown>, "capture">;
  /** Applied entries between two snapshots. */
  readonly snapshotEvery: number;
  /** Payload of the entries between two snapshots: the next is made when either limit is reached. */
  readonly snapshotEveryBytes: number;
  /** How many times as far apart the snapshots of a large state may be (snapshot-points.ts). */
  readonly snapshotStretchMax: number;
  /**
   * Entries kept behind a snapshot, so that a follower that is slightly behind does not need the snapshot.
   */
  readonly trailing: number;
  /** The largest payload of them. */
  readonly trailingBytes: number;
  /** Payload of further entries that are kept for followers that receive a snapshot. */
  readonly heldLogBytesMax: number;
  /** That limit was reached: these followers need another snapshot. */
  readonly onHeldTooMuch?: (followers: readonly NodeId[], held: HeldLog) => void;
  /** What this replica knows of its followers as a leader; empty when it does not lead. */
  readonly followers: () => RaftStatus["progress"];
  readonly now: () => MonotonicMs;
  readonly meter: GroupMeter;
  /** Whether the applied state may be stored in snapshots (ADR-0017); absent = always. */
  readonly trust?: { readonly isTrusted: boolean };
  /** Whether a snapshot at this index may be stored, and the log compacted for it; absent = always. */
  readonly mayKeep?: (index: LogIndex) => boolean;
  /** A write or an invariant failed: the process must stop. */
  readonly onFatal: (error: unknown) => void;
}

interface CapturedState extends Applied {
  readonly encode: ReturnType<Machine<unknown>["capture"]>;
  /** How much the log had grown by then. */
  readonly grownBytes: number;
}

export class OwnSnapshots {
  readonly #options: OwnSnapshotsOptions;
  #index: LogIndex;
  /** How many bytes of data the newest durable snapshot has. */
  #newestBytes: number;
  #isSaving = false;
  /** The captured state, to be saved once the others have confirmed it (ADR-0017). */
  #captured: CapturedState | null = null;
  #isWanted = false;
  /** Entries through this index are to be compacted as soon as a snapshot covers them. */
  #unwantedThrough = logIndex(0);
  readonly #hold = new LogHold();
  /** Payload that was applied since the newest snapshot was captured. */
  #grownBytes = 0;
  /** The log's first entries, which are kept only for followers: their last index and their bytes. */
  #held = { through: logIndex(0), bytes: 0 };
  #exceeded = 0;

  constructor(options: OwnSnapshotsOptions, newest: Snapshot) {
    this.#options = options;
    this.#index = newest.index;
    this.#newestBytes = bytesOf(newest);
  }

  /** Index of the newest durable one. */
  get index(): LogIndex {
    return this.#index;
  }

  /** The log that is kept for followers. */
  get held(): HeldLog {
    return { bytes: this.#held.bytes, bytesMax: this.#options.heldLogBytesMax, exceeded: this.#exceeded };
  }

  /** Time has passed: compacts again, since followers may need fewer entries now. */
  look(): void {
    if (!this.#hold.isEmpty) this.#compact();
  }

  /** One more entry was applied, with this payload. */
  applied(bytes: number): void {
    this.#grownBytes += bytes;
  }

  /** A new snapshot is due at once: the existing one can't be used. */
  want(): void {
    this.#isWanted = true;
  }

  /** The log is to be compacted through `through`, as soon as a snapshot covers it. */
  compactThrough(through: LogIndex): void {
    const last = this.#options.storage.reader(this.#options.group).lastIndex();
    this.#unwantedThrough = logIndex(Math.min(through, last));
    if (this.#index >= this.#unwantedThrough) this.#compact();
  }

  /** A snapshot of another replica has replaced the state. */
  received(snapshot: Snapshot): void {
    const { index } = snapshot;
    assert(index > this.#index, "a received snapshot is newer than what is there");
    this.#index = index;
    this.#newestBytes = bytesOf(snapshot);
    this.#grownBytes = 0;
    this.#captured = null;
    this.#held = { through: index, bytes: 0 };
  }

  /**
   * Starts a snapshot of the state through `last`, if one is due and none is running; or of an earlier
   * captured state.
   */
  saveIfDue(last: Applied): void {
    if (this.#isSaving) return;
    if (!this.#isTrusted) {
      this.#captured = null;
      return;
    }
    this.#captured ??= this.#captureIfDue(last);
    const captured = this.#captured;
    if (captured === null || this.#options.mayKeep?.(captured.index) === false) return;
    this.#captured = null;
    this.#save(captured);
  }

  #captureIfDue(last: Applied): CapturedState | null {
    const { storage, group, machine } = this.#options;
    const isNew = last.index > this.#index && this.#isDue(last.index);
    if (!(isNew || storage.isSnapshotLost(group))) return null;
    this.#isWanted = false;
    return { ...last, grownBytes: this.#grownBytes, encode: machine.capture() };
  }

  #save(captured: CapturedState): void {
    const { storage, group, meter, onFatal } = this.#options;
    const { index, term, confState } = captured;
    this.#isSaving = true;
    const saved = meter.beginSnapshot();
    const counted = new CountedBytes(captured.encode);
    storage
      .saveSnapshot(group, { index, term, confState, encode: () => counted.parts() })
      .then(() => {
        saved();
        this.#isSaving = false;
        if (captured.index <= this.#index) return;
        this.#index = captured.index;
        this.#newestBytes = counted.bytes;
        this.#grownBytes -= captured.grownBytes;
        this.#compact();
      })
      .catch(onFatal);
  }

  get #isTrusted(): boolean {
    return this.#options.trust?.isTrusted ?? true;
  }

  #isDue(applied: LogIndex): boolean {
    const { self, snapshotEvery, snapshotEveryBytes, snapshotStretchMax } = this.#options;
    const stretch = snapshotStretch(this.#newestBytes, snapshotEveryBytes, snapshotStretchMax);
    const mustLetGo = this.#unwantedThrough > this.#index && applied >= this.#unwantedThrough;
    return (
      this.#isWanted ||
      mustLetGo ||
      this.#grownBytes >= snapshotBytes(self, snapshotEveryBytes * stretch) ||
      passedSnapshotPoint(self, snapshotEvery, { saved: this.#index, applied, stretch })
    );
  }

  /**
   * Compacts what the newest snapshot covers, except for entries that followers may still need: those
   * slightly behind, and those that receive a snapshot.
   */
  #compact(): void {
    // The entries that led to a wrong state are kept for the analysis.
    if (!this.#isTrusted) return;
    const { storage, group, trailing, trailingBytes, followers, now } = this.#options;
    const behind = logIndex(Math.max(this.#index - trailing, 0));
    const kept = trailingFrom(storage.reader(group), behind, this.#index, trailingBytes);
    const wanted = logIndex(Math.max(kept, Math.min(this.#unwantedThrough, this.#index)));
    this.#hold.follow(followers(), wanted, now());
    this.#countHeld(wanted);
    // While followers need entries, the log is compacted in few large steps, because each step copies the
    // rest.
    const allowed = this.#hold.allowed(wanted);
    const isWorthIt = allowed === wanted || allowed - this.#first() >= trailing;
    if (isWorthIt) this.#compactThrough(allowed);
    if (this.#held.bytes > this.#options.heldLogBytesMax) this.#giveUp(wanted);
  }

  #giveUp(wanted: LogIndex): void {
    const { held } = this;
    this.#compactThrough(this.#hold.allowed(wanted));
    if (this.#held.bytes <= this.#options.heldLogBytesMax) return;
    const followers = this.#hold.giveUp(wanted);
    this.#exceeded += followers.length;
    this.#compactThrough(wanted);
    assert(this.#held.bytes === 0, "beyond the bound nothing is held");
    this.#options.onHeldTooMuch?.(followers, { ...held, exceeded: this.#exceeded });
  }

  #compactThrough(through: LogIndex): void {
    const { storage, group } = this.#options;
    const first = this.#first();
    if (through < first) return;
    assert(through <= this.#index, "a snapshot covers what is compacted");
    const counted = logIndex(Math.min(through, this.#held.through));
    const bytes = this.#held.bytes - this.#bytes(first, counted);
    this.#held = { ...this.#held, bytes };
    storage.compact(group, through);
  }

  /** Each entry is counted once when its compaction is first wanted, and once when it is compacted. */
  #countHeld(wanted: LogIndex): void {
    const first = this.#first();
    const isNew = this.#held.through < first;
    const from = isNew ? first : logIndex(this.#held.through + 1);
    const bytes = (isNew ? 0 : this.#held.bytes) + this.#bytes(from, wanted);
    this.#held = { through: logIndex(Math.max(this.#held.through, wanted)), bytes };
  }

  #bytes(first: LogIndex, last: LogIndex): number {
    return bytesBetween(this.#options.storage.reader(this.#options.group), first, last);
  }

  #first(): LogIndex {
    return this.#options.storage.reader(this.#options.group).firstIndex();
  }
}

/** The parts of a snapshot, and how many bytes the last reader got. */
class CountedBytes {
  readonly #encode: CapturedState["encode"];
  bytes = 0;

  constructor(encode: CapturedState["encode"]) {
    this.#encode = encode;
  }

  async *parts(): AsyncGenerator<Uint8Array, void, undefined> {
    this.bytes = 0;
    for await (const part of this.#encode()) {
      this.bytes += part.length;
      yield part;
    }
  }
}

const bytesOf = ({ data }: Snapshot): number => (data instanceof Uint8Array ? data.length : data.bytes);
