// The snapshots that a group's replica makes of its own state, and what of the log it compacts behind them. What must stay
// true: one is made at a time; entries are forgotten only when a durable snapshot covers them, and not those that a
// follower needs after the snapshot that it is being sent, up to a bound in bytes. When snapshots are due by the log's
// length is snapshot-points.ts's business, for which followers the log is held is log-hold.ts's.

import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import { type GroupId, type LogIndex, logIndex, type NodeId } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Applied } from "./applier.ts";
import type { GroupMeter } from "./group-meter.ts";
import { bytesBetween, trailingFrom } from "./log-bytes.ts";
import { type HeldLog, LogHold } from "./log-hold.ts";
import type { Machine } from "./machine.ts";
import { passedSnapshotPoint, snapshotBytes } from "./snapshot-points.ts";

export interface OwnSnapshotsOptions {
  readonly group: GroupId;
  readonly self: NodeId;
  readonly storage: Storage;
  readonly machine: Pick<Machine<unknown>, "capture">;
  /** Applied entries from one to the next. */
  readonly snapshotEvery: number;
  /** Payload of the entries from one to the next: the next is made when either is reached. */
  readonly snapshotEveryBytes: number;
  /** Entries kept behind a snapshot, so that a follower a little behind need not take the snapshot. */
  readonly trailing: number;
  /** At most so much payload of them. */
  readonly trailingBytes: number;
  /** Payload of entries kept beyond that for followers that are being sent a snapshot. */
  readonly heldLogBytesMax: number;
  /** That bound was reached: these followers need another snapshot. */
  readonly onHeldTooMuch?: (followers: readonly NodeId[], held: HeldLog) => void;
  /** What this replica knows of its followers as a leader; empty when it is none. */
  readonly followers: () => RaftStatus["progress"];
  readonly now: () => MonotonicMs;
  readonly meter: GroupMeter;
  /** Whether the applied state may be kept in snapshots (ADR-0017); without it, always. */
  readonly trust?: { readonly isTrusted: boolean };
  /** Whether a snapshot of the state at this index may be kept, and entries forgotten for it; without it, always. */
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
  #isSaving = false;
  /** What is to be saved once the others have confirmed it (ADR-0017). */
  #captured: CapturedState | null = null;
  #isWanted = false;
  /** Entries through this index are to be kept no longer than it takes to make a snapshot of what they led to. */
  #unwantedThrough = logIndex(0);
  readonly #hold = new LogHold();
  /** Payload of what was applied since the newest one was captured. */
  #grownBytes = 0;
  /** Of the log's first entries, which would be gone were it not for followers: through which index, how many bytes. */
  #held = { through: logIndex(0), bytes: 0 };
  #exceeded = 0;

  /** `index`: of the newest one that there is. */
  constructor(options: OwnSnapshotsOptions, index: LogIndex) {
    this.#options = options;
    this.#index = index;
  }

  /** Of the newest one that is durable. */
  get index(): LogIndex {
    return this.#index;
  }

  /** What the log is held back by. */
  get held(): HeldLog {
    return { bytes: this.#held.bytes, bytesMax: this.#options.heldLogBytesMax, exceeded: this.#exceeded };
  }

  /** Time has passed: what followers needed they may need no more. */
  look(): void {
    if (!this.#hold.isEmpty) this.#compact();
  }

  /** One more entry was applied, with so much payload. */
  applied(bytes: number): void {
    this.#grownBytes += bytes;
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
    assert(index > this.#index, "a received snapshot is newer than what is there");
    this.#index = index;
    this.#grownBytes = 0;
    this.#captured = null;
    this.#held = { through: index, bytes: 0 };
  }

  /** Begins one of what was applied through `last`, if one is due and none under way; or of what was captured before. */
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
    const { index, term, confState, encode } = captured;
    this.#isSaving = true;
    const saved = meter.beginSnapshot();
    storage
      .saveSnapshot(group, { index, term, confState, encode })
      .then(() => {
        saved();
        this.#isSaving = false;
        if (captured.index <= this.#index) return;
        this.#index = captured.index;
        this.#grownBytes -= captured.grownBytes;
        this.#compact();
      })
      .catch(onFatal);
  }

  get #isTrusted(): boolean {
    return this.#options.trust?.isTrusted ?? true;
  }

  #isDue(applied: LogIndex): boolean {
    const { self, snapshotEvery, snapshotEveryBytes } = this.#options;
    const mustLetGo = this.#unwantedThrough > this.#index && applied >= this.#unwantedThrough;
    return (
      this.#isWanted ||
      mustLetGo ||
      this.#grownBytes >= snapshotBytes(self, snapshotEveryBytes) ||
      passedSnapshotPoint(self, snapshotEvery, { saved: this.#index, applied })
    );
  }

  /** Forgets what the newest one covers, but for what followers a little behind, or being sent a snapshot, may need. */
  #compact(): void {
    // What led to a wrong state is kept for the post-mortem.
    if (!this.#isTrusted) return;
    const { storage, group, trailing, trailingBytes, followers, now } = this.#options;
    const behind = logIndex(Math.max(this.#index - trailing, 0));
    const kept = trailingFrom(storage.reader(group), behind, this.#index, trailingBytes);
    const wanted = logIndex(Math.max(kept, Math.min(this.#unwantedThrough, this.#index)));
    this.#hold.follow(followers(), wanted, now());
    this.#countHeld(wanted);
    // As long as somebody needs them the log's entries are let go in few large steps, each of which copies what stays.
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

  /** Each entry is counted once when compaction first wants it, and once when it goes. */
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
