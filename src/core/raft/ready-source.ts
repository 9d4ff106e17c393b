// Turns the work of the handlers into Readys, and remembers what it handed out already. In synchronous mode
// `advance` reports that the last Ready is done; in asynchronous mode the storage threads' responses do. What
// must stay true: an acknowledgement is sent only with or after the state that it acknowledges (Raft §5,
// "persistent state ... updated on stable storage before responding to RPCs").

import { assert } from "../base/assert.ts";
import { logIndex, term as termOf } from "../base/ids.ts";
import type { Core } from "./core.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  type Entry,
  type HardState,
  type Message,
  NO_NODE,
  type Snapshot,
} from "./message.ts";
import { newMessage } from "./new-message.ts";
import type { Ready, SoftState } from "./ready.ts";
import { step } from "./step.ts";

const EMPTY: HardState = { term: termOf(0), vote: NO_NODE, commit: logIndex(0) };

/** What a Ready holds besides messages. */
type ReadyWork = Omit<Ready, "messages">;

export class ReadySource {
  readonly #core: Core;
  #softState: SoftState;
  #hardState: HardState;
  #stepsOnAdvance: Message[] = [];

  constructor(core: Core) {
    this.#core = core;
    this.#softState = softStateOf(core);
    this.#hardState = hardStateOf(core);
  }

  hasReady(): boolean {
    const core = this.#core;
    return (
      this.#changedSoftState() !== null ||
      this.#changedHardState() !== null ||
      core.log.unstable.nextSnapshot() !== null ||
      core.log.unstable.nextEntries().length > 0 ||
      core.log.hasNextCommitted(this.#appliesUnstable) ||
      core.readStates.length > 0 ||
      core.outbox.length > 0 ||
      core.afterAppendOutbox.length > 0
    );
  }

  /** All pending work; from here on it counts as handed out. */
  take(): Ready {
    const work = this.#work();
    const messages = [...this.#core.outbox, ...this.#messagesAfter(work)];
    this.#accept(work);
    return { ...work, messages };
  }

  /** Synchronous mode: the last Ready is durable and applied. */
  advance(): void {
    assert(!this.#core.config.asyncStorageWrites, "with asynchronous storage writes nothing is advanced");
    const steps = this.#stepsOnAdvance;
    this.#stepsOnAdvance = [];
    for (const message of steps) step(this.#core, message);
  }

  /** Only a driver that appends before it applies may get entries that are not yet stable. */
  get #appliesUnstable(): boolean {
    return !this.#core.config.asyncStorageWrites;
  }

  #changedSoftState(): SoftState | null {
    const now = softStateOf(this.#core);
    const isSame = now.leader === this.#softState.leader && now.role === this.#softState.role;
    return isSame ? null : now;
  }

  #changedHardState(): HardState | null {
    const now = hardStateOf(this.#core);
    return isEqual(now, this.#hardState) || isEqual(now, EMPTY) ? null : now;
  }

  #work(): ReadyWork {
    const { log, term, vote, readStates } = this.#core;
    const entries = log.unstable.nextEntries();
    return {
      softState: this.#changedSoftState(),
      hardState: this.#changedHardState(),
      readStates,
      entries,
      snapshot: log.unstable.nextSnapshot(),
      committedEntries: log.nextCommitted(this.#appliesUnstable),
      mustSync: entries.length > 0 || term !== this.#hardState.term || vote !== this.#hardState.vote,
    };
  }

  #messagesAfter(work: ReadyWork): readonly Message[] {
    const core = this.#core;
    if (!core.config.asyncStorageWrites) return core.afterAppendOutbox.filter(({ to }) => to !== core.id);
    const messages: Message[] = [];
    const { hardState, entries, snapshot, committedEntries } = work;
    const hasToStore = hardState !== null || entries.length > 0 || snapshot !== null;
    if (hasToStore || core.afterAppendOutbox.length > 0) messages.push(this.#storageAppend(work));
    if (committedEntries.length > 0) messages.push(this.#storageApply(committedEntries));
    return messages;
  }

  #accept(work: ReadyWork): void {
    const core = this.#core;
    if (!core.config.asyncStorageWrites) this.#prepareAdvance(work);
    this.#softState = work.softState ?? this.#softState;
    this.#hardState = work.hardState ?? this.#hardState;
    core.readStates = [];
    core.outbox = [];
    core.afterAppendOutbox = [];
    core.log.unstable.acceptHandedOut();
    if (work.committedEntries.length > 0)
      core.log.acceptApplying(work.committedEntries, this.#appliesUnstable);
  }

  #prepareAdvance(work: ReadyWork): void {
    const core = this.#core;
    assert(this.#stepsOnAdvance.length === 0, "a Ready is advanced before the next is taken");
    this.#stepsOnAdvance = [
      ...core.afterAppendOutbox.filter(({ to }) => to === core.id),
      ...this.#appendResponses(work.snapshot),
    ];
    if (work.committedEntries.length > 0)
      this.#stepsOnAdvance.push(this.#applyResponse(work.committedEntries));
  }

  #storageAppend({ hardState, entries, snapshot }: ReadyWork): Message {
    return newMessage("MsgStorageAppend", {
      from: this.#core.id,
      to: APPEND_THREAD,
      ...(hardState ?? EMPTY),
      entries,
      snapshot,
      responses: [...this.#core.afterAppendOutbox, ...this.#appendResponses(snapshot)],
    });
  }

  /**
   * One response if any entry is unstable, even if this Ready has none. The response covers the whole log up
   * to its last entry. So it also covers what a stale response of an earlier term was not allowed to confirm.
   */
  #appendResponses(snapshot: Snapshot | null): readonly Message[] {
    const { id, log, term } = this.#core;
    if (!log.unstable.hasEntries && snapshot === null) return [];
    const { index, term: logTerm } = log.lastEntry;
    const last = log.unstable.hasEntries ? { index, logTerm } : {};
    return [newMessage("MsgStorageAppendResp", { from: APPEND_THREAD, to: id, term, snapshot, ...last })];
  }

  #storageApply(entries: readonly Entry[]): Message {
    const responses = [this.#applyResponse(entries)];
    return newMessage("MsgStorageApply", { from: this.#core.id, to: APPLY_THREAD, entries, responses });
  }

  #applyResponse(entries: readonly Entry[]): Message {
    return newMessage("MsgStorageApplyResp", { from: APPLY_THREAD, to: this.#core.id, entries });
  }
}

function softStateOf({ leader, role }: Core): SoftState {
  return { leader, role };
}

function hardStateOf({ term, vote, log }: Core): HardState {
  return { term, vote, commit: log.committed };
}

function isEqual(a: HardState, b: HardState): boolean {
  return a.term === b.term && a.vote === b.vote && a.commit === b.commit;
}
