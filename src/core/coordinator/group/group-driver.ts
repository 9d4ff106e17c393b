// Drives one Raft group: passes events to the pure core, and carries out the work of its Ready. What must
// stay true: a response that waits for a write is delivered only after that write is synced. After a failed
// write this group does nothing more. applier.ts applies: configurations at once, commands perhaps later.

import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import type { LogIndex, NodeId, Term } from "../../base/ids.ts";
import type { ConfChange, ConfOperation } from "../../raft/confchange.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type ConfState,
  type Message,
  type Snapshot,
} from "../../raft/message.ts";
import type { RaftNode } from "../../raft/raft-node.ts";
import type { Ready } from "../../raft/ready.ts";
import { Appending } from "./appending.ts";
import { Applying } from "./applying.ts";
import type { Dropped, DropReason } from "./dropped-messages.ts";
import { BUSY_WRITES } from "./gathering.ts";
import type { GroupDriverOptions } from "./group-driver-options.ts";
import { GroupMeter } from "./group-meter.ts";
import type { GroupPort } from "./group-port.ts";
import type { HeldLog } from "./log-hold.ts";
import { isLoss, lostEntries } from "./lost-entries.ts";
import { endsByTransfer, refusalOf } from "./message-questions.ts";
import { OwnSnapshots } from "./own-snapshots.ts";
import type { ReadResult, WriteResult } from "./pending.ts";
import { proposeChange } from "./propose-change.ts";
import { ReadRounds } from "./read-rounds.ts";
import { whyHeld } from "./snapshot-hold.ts";
import { Waiting } from "./waiting.ts";

export class GroupDriver<Result> implements GroupPort<Result> {
  readonly engine = "embedded";
  readonly meter: GroupMeter;
  readonly #options: GroupDriverOptions<Result>;
  readonly #waiting: Waiting<Result>;
  readonly #rounds: ReadRounds;
  readonly #appending: Appending;
  #scheduled = false;
  #stopped = false;
  #leads = false;
  readonly #applying: Applying<Result>;
  readonly #snapshots: OwnSnapshots;
  readonly restored: Promise<void>;

  constructor(options: GroupDriverOptions<Result>) {
    this.#options = options;
    this.#waiting = new Waiting(options.machine.joining);
    this.#rounds = new ReadRounds(options, this.#waiting.reads);
    this.meter = options.meter ?? new GroupMeter(options.now);
    const reader = options.storage.reader(options.group);
    const snapshot = reader.snapshot();
    assert(snapshot !== "unavailable", "stable storage always has its newest snapshot, be it empty");
    const followers = () => options.raft.status().progress;
    const onFatal = (error: unknown) => this.#fail(error);
    const onStored = (message: Message) => this.#stored(message);
    this.#appending = new Appending({ ...options, meter: this.meter, onStored, onFailed: onFatal });
    this.#snapshots = new OwnSnapshots({ ...options, followers, meter: this.meter, onFatal }, snapshot);
    this.#applying = new Applying({
      self: options.self,
      meter: this.meter,
      step: (message) => options.raft.step(message),
      send: (message) => options.send(message),
      onRestored: () => options.storage.evictSnapshot(options.group),
      onProgress: (index) => this.#waiting.reads.applied(index),
      onLater: () => this.#schedule(),
      machine: options.machine,
      pause: options.pause,
      applyConfChange: (change) => this.#applyConfChange(change),
      onApplied: ({ index, term, data }, result) => {
        this.#snapshots.applied(data.length);
        this.#waiting.applied(index, term, result);
      },
    });
    this.restored = this.#restore(snapshot);
    // A caller that ignores this promise must not be stopped by its failure.
    this.restored.catch(() => undefined);
    this.#schedule();
  }

  get isRestoring(): boolean {
    return this.#applying.isRestoring;
  }

  get appliedIndex(): LogIndex {
    return this.#applying.last.index;
  }

  get configurationIndex(): LogIndex {
    return this.#applying.configuration.index;
  }

  configurationChangesSince(index: number): readonly ConfOperation[] | null {
    return this.#applying.configuration.since(index);
  }

  get snapshotIndex(): LogIndex {
    return this.#snapshots.index;
  }

  get heldLog(): HeldLog {
    return this.#snapshots.held;
  }

  get proposals(): Waiting<Result>["proposals"] {
    return this.#waiting.proposals;
  }

  get role(): RaftNode["role"] {
    return this.#options.raft.role;
  }

  get leader(): NodeId {
    return this.#options.raft.leader;
  }

  get term(): Term {
    return this.#options.raft.term;
  }

  get config(): RaftNode["confState"] {
    return this.#options.raft.confState;
  }

  status(): ReturnType<RaftNode["status"]> {
    return this.#options.raft.status();
  }

  get hasWaiting(): boolean {
    return !this.#waiting.isEmpty;
  }

  tick(): void {
    this.#input((raft) => {
      raft.tick();
      this.#snapshots.look();
      this.meter.look(raft.commit, this.appliedIndex);
    });
  }

  quiesce(): void {
    assert(!this.hasWaiting, "what waits has a deadline, and so needs ticks");
    this.#input((raft) => raft.quiesce());
  }

  compactThrough(through: LogIndex): void {
    this.#snapshots.compactThrough(through);
    this.#schedule();
  }

  expire(): void {
    this.#waiting.expire(this.#options.now());
    if (this.#waiting.reads.hasUnasked) this.#schedule();
  }

  receive(message: Message): void {
    const { group, self, machine } = this.#options;
    if (endsByTransfer(message)) this.meter.expectEnd("handed-over");
    const error = refusalOf(message, self, machine) ?? this.#input((raft) => raft.step(message));
    if (error === null) return;
    this.#drop(error, message);
    if (isLoss(error)) this.#fail(lostEntries(error, this.#options.raft, message, group));
  }

  unreachable(peer: NodeId): void {
    this.#input((raft) => raft.reportUnreachable(peer));
  }

  snapshotDelivered(peer: NodeId, ok: boolean): void {
    this.#input((raft) => raft.reportSnapshot(peer, ok));
  }

  forgetLeader(): void {
    if (this.leader !== 0) this.meter.expectEnd("disconnected");
    this.#input((raft) => raft.forgetLeader());
  }

  campaign(): void {
    this.#ask((raft) => raft.campaign());
  }

  transferLeader(to: NodeId): void {
    this.meter.expectEnd("handed-over");
    this.#ask((raft) => raft.transferLeader(to));
  }

  /**
   * Settles when the entry is committed and applied here, or when that can't be promised by `deadline`. `joins`: it may
   * share the entry with others, if the machine can do so.
   */
  propose(data: Uint8Array, deadline: MonotonicMs, joins = false): Promise<WriteResult<Result>> {
    if (this.#stopped) return this.#waiting.refuse("leadership-lost");
    if (this.role !== "leader") return this.#waiting.refuse(this.leader === 0 ? "no-leader" : "not-leader");
    this.#options.onActive();
    this.#schedule();
    return this.#waiting.write(data, deadline, joins);
  }

  changeConfiguration(change: ConfChange, deadline: MonotonicMs): Promise<WriteResult<LogIndex>> {
    if (this.#waiting.changes.isFull) return Promise.resolve({ ok: false, refusal: "overloaded" });
    const proposed = this.#ask((raft) => proposeChange(raft, change));
    if (proposed === null) return Promise.resolve({ ok: false, refusal: "leadership-lost" });
    if (!proposed.ok) return Promise.resolve(proposed);
    return this.#waiting.changes.add(proposed.index, proposed.term, deadline);
  }

  proposeConfChange(change: ConfChange): boolean {
    return this.#ask((raft) => raft.proposeConfChange(change))?.ok ?? false;
  }

  retryDelayMs(refused: "write" | "read"): number {
    return this.#waiting.retryDelayMs(refused);
  }

  readIndex(deadline: MonotonicMs): Promise<ReadResult> {
    if (this.#stopped || this.leader === 0) return Promise.resolve({ ok: false, refusal: "no-leader" });
    this.#options.onActive();
    this.#schedule();
    return this.#waiting.reads.confirmAndWait(deadline);
  }

  waitApplied(index: LogIndex, deadline: MonotonicMs): Promise<ReadResult> {
    if (this.#stopped) return Promise.resolve({ ok: false, refusal: "no-leader" });
    this.#options.onActive();
    const wait = this.#waiting.reads.waitApplied(index, deadline);
    this.#waiting.reads.applied(this.appliedIndex);
    return wait;
  }

  stop(): void {
    this.#stopped = true;
    this.#applying.stop();
    this.refuseWaiting();
  }

  refuseWaiting(): void {
    this.#waiting.refuseAll();
  }

  #applyConfChange(change: ConfChange): ConfState | null {
    const confState = this.#options.raft.applyConfChange(change);
    const { leader: from, term, appliedIndex: index } = this;
    if (confState === null) this.#drop("impossible-change", { from, type: "MsgApp", term, index });
    return confState;
  }

  #drop(reason: DropReason, { from, type, term, index }: Omit<Dropped, "group" | "reason">): void {
    this.#options.onDropped?.({ group: this.#options.group, reason, from, type, term, index });
  }

  /** Like `#input`, for a caller in this process, and after everything that was proposed before. */
  #ask<Answer>(question: (raft: RaftNode) => Answer): Answer | null {
    this.#options.onActive();
    return this.#input((raft) => {
      this.#proposeQueued();
      return question(raft);
    });
  }

  /**
   * All proposals since the last turn become one append: one message for each follower, however many they
   * are.
   */
  #proposeQueued(): void {
    this.#waiting.proposeAll((data) => this.#options.raft.proposeBatch(data));
  }

  /** The core's answer; null when this replica has stopped, or stops now because an invariant broke. */
  #input<Answer>(event: (raft: RaftNode) => Answer): Answer | null {
    if (this.#stopped) return null;
    try {
      const answer = event(this.#options.raft);
      this.#schedule();
      return answer;
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  // One turn's events share one Ready, so one frame for each peer and one sync (group commit).
  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    const mayWait = this.#waiting.writes >= BUSY_WRITES;
    this.#options.schedule(() => {
      this.#scheduled = false;
      this.#turn(true);
    }, mayWait);
  }

  /**
   * `isScheduled`: the driver's own turn; otherwise after a write, of which several may end in one pass of
   * the event loop.
   */
  #turn(isScheduled: boolean): void {
    if (this.#stopped) return;
    this.#applying.beginTurn(isScheduled);
    try {
      this.#applying.applySome();
      if (!this.#appending.holds(this.#waiting.writes)) this.#proposeQueued();
      this.#rounds.ask();
      while (this.#options.raft.hasReady()) this.#perform(this.#options.raft.ready());
      // Without a leader clients wait, and the log does not grow: a snapshot would only take the election's time.
      const hasTime = this.leader !== 0 && !this.#applying.isRestoring;
      if (hasTime) this.#snapshots.saveIfDue(this.#applying.last);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.onFatal(error);
  }

  #perform(ready: Ready): void {
    if (ready.softState !== null)
      this.#onSoftState(ready.softState.role === "leader", ready.softState.leader);
    this.#rounds.confirmed(ready.readStates);
    this.#waiting.reads.applied(this.appliedIndex);
    const voteRequests = ready.messages.filter(({ type }) => type === "MsgVote");
    for (const message of ready.messages) {
      if (message.to === APPEND_THREAD) this.#appending.append(message, voteRequests);
      else if (message.to === APPLY_THREAD) this.#apply(message);
      else if (message.type !== "MsgVote") this.#send(message);
    }
    this.#applying.handedOut(ready.messages);
  }

  #apply(message: Message): void {
    const last = message.entries.at(-1);
    if (last !== undefined) this.meter.committed(last.index);
    this.#applying.add(message);
  }

  #send(message: Message): void {
    const { storage, group, raft, maySend, send } = this.#options;
    if (message.snapshot !== null) storage.evictSnapshot(group);
    const held = whyHeld(message, maySend);
    if (held === null) {
      send(message);
      return;
    }
    if (held === "not-a-member") this.#snapshots.want();
    raft.reportSnapshot(message.to, false);
  }

  #onSoftState(leads: boolean, leader: NodeId): void {
    // For the core an unrestored snapshot is not stored yet: so it does not campaign.
    assert(!leads || !this.#applying.isRestoring, "a replica without a state does not lead");
    this.meter.saw(leader, this.#options.raft.term, this.#leads && !leads);
    if (leads !== this.#leads) {
      this.#leads = leads;
      if (!leads) this.#waiting.leadershipLost();
      this.#options.onLeadership(leads);
    }
    if (leader === 0) this.#waiting.reads.refuseAll("no-leader");
  }

  #stored({ snapshot, responses }: Message): void {
    this.#turnBehind(() => {
      if (snapshot !== null) {
        this.#applying.cover(snapshot);
        this.#snapshots.received(snapshot);
        this.#restore(snapshot).catch((error: unknown) => this.#fail(error));
      }
      this.#applying.deliver(responses);
    });
  }

  /** Resolves at once if the snapshot is in memory. */
  #restore(snapshot: Snapshot): Promise<void> {
    const restored = this.#applying.restore(snapshot);
    if (restored === null) {
      this.#applying.restored();
      return Promise.resolve();
    }
    return restored.then((outcome) => {
      if (outcome === "restored") this.#turnBehind(() => this.#applying.restored());
    });
  }

  #turnBehind(work: () => void): void {
    if (this.#stopped) return;
    try {
      work();
      this.#turn(false);
    } catch (error) {
      this.#fail(error);
    }
  }
}
