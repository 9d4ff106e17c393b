// One replica of one Raft group, as a driver sees it: calls and messages in, Readys out. Pure: time comes as
// ticks, randomness from the given generator, and the driver does all input and output. What must stay true:
// between two calls the replica's invariants hold. An AssertionError means that they do not, and the replica
// must not be used any more.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type NodeId, type Term } from "../base/ids.ts";
import { type ProposedBatch, proposeBatch } from "./batch.ts";
import type { ConfChange } from "./confchange.ts";
import { encodeConfChange } from "./confchange-codec.ts";
import { confStateOf } from "./configuration.ts";
import { type Contradiction, contradictionOf } from "./contradiction.ts";
import { Core, type Role } from "./core.ts";
import { applyConfChange } from "./membership.ts";
import { type ConfState, type Message, NO_NODE } from "./message.ts";
import { newMessage } from "./new-message.ts";
import { type Proposed, propose } from "./proposal.ts";
import { assertValid, type RaftConfig } from "./raft-config.ts";
import { handleReadIndex, readsByLease } from "./read-index.ts";
import type { Ready } from "./ready.ts";
import { ReadySource } from "./ready-source.ts";
import { reportSnapshot, reportUnreachable } from "./reports.ts";
import { becomeFollower } from "./roles.ts";
import { restoreConfiguration } from "./snapshot.ts";
import { type RaftStatus, statusOf } from "./status.ts";
import { receive } from "./step.ts";
import type { StepError } from "./step-error.ts";
import { campaignByConfig, tick } from "./tick.ts";
import { forgetLeader, handleTransfer } from "./transfer.ts";

export class RaftNode {
  readonly #core: Core;
  readonly #source: ReadySource;

  /** Starts as a follower with the state that `config.log` holds. */
  constructor(config: RaftConfig) {
    assertValid(config);
    const core = new Core(config);
    const { hardState, confState } = config.log.initialState();
    restoreConfiguration(core, confState);
    core.term = hardState.term;
    core.vote = hardState.vote;
    core.hasRun = hardState.term > 0;
    // An applied entry is committed, even if the stored commit index is older: that index need not be synced.
    core.log.commitTo(logIndex(Math.max(hardState.commit, config.applied)));
    if (config.applied > 0) core.log.appliedTo(config.applied, 0);
    becomeFollower(core, hardState.term, NO_NODE);
    this.#core = core;
    this.#source = new ReadySource(core);
  }

  tick(): void {
    tick(this.#core);
  }

  /**
   * The driver stops ticks until it has a reason for them. Meanwhile a leader sends no heartbeats, checks no
   * quorum and holds no lease, and a follower does not campaign. The driver must resume ticks when the leader
   * is gone.
   */
  quiesce(): void {
    this.#core.lease.lapse(this.#core.config.electionTicks);
  }

  /**
   * A message from another replica or a storage thread. Null if it was accepted, even if it is then ignored.
   * After a LossError this replica must not be used any more.
   */
  step(message: Message): StepError | null {
    return receive(this.#core, message);
  }

  /** Where the leader's message and this log disagree about what is committed here; null = nowhere. */
  contradiction(message: Message): Contradiction | null {
    return contradictionOf(this.#core.log, message);
  }

  /** Starts an election now, if this replica may be elected. */
  campaign(): void {
    campaignByConfig(this.#core);
  }

  propose(data: Uint8Array): Proposed {
    return propose(this.#core, [{ type: "normal", data }]);
  }

  /** Proposes several payloads at once, in one append. Never forwarded. */
  proposeBatch(data: readonly Uint8Array[]): ProposedBatch {
    return proposeBatch(this.#core, data);
  }

  /** `v1`: encoded as the older kind of entry, for a single operation without a transition. */
  proposeConfChange(change: ConfChange, format: "v1" | "v2" = "v2"): Proposed {
    assert(format === "v2" || change.changes.length === 1, "an entry of the older kind has one operation");
    const type = format === "v1" ? "conf-change" : "conf-change-v2";
    return propose(this.#core, [{ type, data: encodeConfChange(change) }]);
  }

  /**
   * A committed change takes effect. Returns the configuration to store with the applied state. A driver that
   * applies later than it takes Readys must skip changes that a snapshot received meanwhile covers. Null: the
   * change is impossible and changed nothing.
   */
  applyConfChange(change: ConfChange): ConfState | null {
    return applyConfChange(this.#core, change);
  }

  /**
   * The answer appears in the `readStates` of a later Ready. It may also never appear: then ask again.
   * `context` identifies the read.
   */
  readIndex(context: Uint8Array): void {
    handleReadIndex(this.#core, newMessage("MsgReadIndex", { from: this.#core.id, context }));
  }

  /**
   * Asks the leader, which may be this replica, to hand over to `to`. `status` says whether a transfer is
   * running.
   */
  transferLeader(to: NodeId): void {
    handleTransfer(this.#core, newMessage("MsgTransferLeader", { from: to }));
  }

  forgetLeader(): void {
    forgetLeader(this.#core);
  }

  reportUnreachable(id: NodeId): void {
    reportUnreachable(this.#core, id);
  }

  reportSnapshot(id: NodeId, ok: boolean): void {
    reportSnapshot(this.#core, id, ok);
  }

  /** Whether a read that arrives now would be answered without a round of heartbeats (Raft §6.4.1). */
  get readsByLease(): boolean {
    return readsByLease(this.#core);
  }

  /** The same as in `status`, for callers that look at many replicas often. */
  get role(): Role {
    return this.#core.role;
  }

  /** 0 = none. */
  get leader(): NodeId {
    return this.#core.leader;
  }

  get term(): Term {
    return this.#core.term;
  }

  get commit(): LogIndex {
    return this.#core.log.committed;
  }

  get confState(): ConfState {
    return confStateOf(this.#core.membership.configuration);
  }

  get applied(): LogIndex {
    return this.#core.log.applied;
  }

  status(): RaftStatus {
    return statusOf(this.#core);
  }

  hasReady(): boolean {
    return this.#source.hasReady();
  }

  /** Takes the pending work. In synchronous mode `advance` must follow before the next `ready`. */
  ready(): Ready {
    return this.#source.take();
  }

  /** Synchronous mode only: the last Ready is durable and applied. */
  advance(): void {
    this.#source.advance();
  }

  /** For scripts: overrides the last drawn timeout; the next change of role draws another. */
  setRandomizedElectionTimeout(ticks: number): void {
    assert(ticks > 0, "a timeout takes at least a tick");
    this.#core.randomizedElectionTicks = ticks;
  }
}
