// The log of a fleet that an etcd cluster replicates, as one coordinator sees and writes it (ADR-0054). Pure: it says what
// to ask of etcd and takes the answers, of which any may be lost, late or out of order. What must stay true: entries are
// handed out in order, without a gap, each once; only entries that are in etcd are handed out.

import { assert } from "../base/assert.ts";
import type { MonotonicMs } from "../base/clock.ts";
import { type LogIndex, logIndex, type NodeId, nodeId, type Term, term } from "../base/ids.ts";
import { FetchSize } from "./fetch-size.ts";
import type { LogKeys } from "./log-keys.ts";
import { headOf, leaderValue, successorValue } from "./records.ts";
import { refuseLost, refuseOlder } from "./refuse-lost.ts";
import { Reign } from "./reign.ts";
import {
  type Ask,
  type Batch,
  type Fetched,
  type GuardedWrite,
  type Head,
  lastOf,
  type View,
  type WriteAnswer,
} from "./vocabulary.ts";

/** The index of a new log: the empty state, as in a group of Raft. */
export const FIRST_INDEX = logIndex(1);
const NO_NODE = nodeId(0);

export interface EtcdLogOptions {
  readonly self: NodeId;
  readonly clusterId: string;
  readonly keys: LogKeys;
  /** Between two looks while nothing asks for one. */
  readonly lookEveryMs: number;
  /** Before a write of unknown outcome is asked for again. */
  readonly retryMs: number;
  /** How long the named successor goes first. */
  readonly successorMs: number;
  /** Whether an empty prefix means a new fleet; otherwise it means that the log was lost. */
  readonly mayFound: boolean;
}

export interface LoggedEntry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly data: Uint8Array;
}

/** What this replica can do now. */
export interface Ability {
  /** Null: it has none to lead on. */
  readonly lease: string | null;
  readonly mayLead: boolean;
  /** False while a snapshot replaces the state: entries from before it must not come after it. */
  readonly mayFetch: boolean;
}

type Writing = "found" | "campaign" | "append" | "resign" | "settled";

export class EtcdLog {
  readonly #options: EtcdLogOptions;
  #view: View | null = null;
  #fetched: LogIndex;
  #reign: Reign | null = null;
  #lease: string | null = null;
  #transferee: NodeId = NO_NODE;
  #handedOut: LoggedEntry[] = [];
  #isGap = false;
  readonly #fetchSize = new FetchSize();
  /** When the fetch under way was asked for; null = none is. */
  #fetchAskedMs: MonotonicMs | null = null;
  /** Etcd's newest known revision when the fetch, the look and the write under way were asked for. */
  #known = { fetch: 0, look: 0, write: 0 };
  /** Null: no write waits for its answer. "settled": its outcome is known already. */
  #writing: Writing | null = null;
  #writeAtMs: MonotonicMs = 0;
  /** Nothing is written before a view of this revision. */
  #seeFrom = 0;
  /** A look and a fetch that failed are not repeated before these. */
  #lookNotBeforeMs: MonotonicMs = Number.NEGATIVE_INFINITY;
  #fetchNotBeforeMs: MonotonicMs = Number.NEGATIVE_INFINITY;
  #lookAtMs: MonotonicMs = Number.NEGATIVE_INFINITY;
  #leaderlessMs: MonotonicMs | null = null;
  #isLooking = false;
  #reads: string[] = [];
  #readsAsked: string[] = [];

  /** `fetched`: through which index the caller has the entries already. */
  constructor(options: EtcdLogOptions, fetched: LogIndex) {
    this.#options = options;
    this.#fetched = fetched;
  }

  /** The end of the log as far as is known; null before the first look, or while there is no log. */
  get head(): Head | null {
    return this.#view?.head ?? null;
  }

  get term(): Term {
    return this.head?.term ?? term(0);
  }

  /** Whether this replica may append. */
  get leads(): boolean {
    return this.#reign !== null;
  }

  /** 0 = none is known. */
  get leader(): NodeId {
    if (this.#reign !== null) return this.#options.self;
    const { leader, head } = this.#view ?? { leader: null, head: null };
    const isAhead = leader !== null && leader.node !== this.#options.self && leader.term === head?.term;
    return isAhead ? leader.node : NO_NODE;
  }

  /** The replica that is to take over, 0 = none. */
  get transferee(): NodeId {
    return this.#transferee;
  }

  get fetched(): LogIndex {
    return this.#fetched;
  }

  /** The revision that created this leader's key; null = it does not lead. */
  get fence(): number | null {
    return this.#reign?.created ?? null;
  }

  /** Etcd's newest known revision. */
  get revision(): number {
    return this.#view?.revision ?? 0;
  }

  /** Entries between the fetched ones and the log's first are gone: only a snapshot has their outcome. */
  get needsSnapshot(): boolean {
    return this.#isGap;
  }

  /** The entries since the last call, in order. */
  takeEntries(): LoggedEntry[] {
    return this.#handedOut.splice(0);
  }

  /** Returns the command's index; null when this replica does not lead, is handing over, or has too much waiting. */
  propose(command: Uint8Array): LogIndex | null {
    if (this.#transferee !== NO_NODE) return null;
    return this.#reign?.propose(command) ?? null;
  }

  /** `key` is confirmed by the answer to a look that is asked for from now on. */
  read(key: string): void {
    this.#reads.push(key);
  }

  /** A notice that the keys have changed. */
  lookSoon(): void {
    this.#lookAtMs = Number.NEGATIVE_INFINITY;
  }

  transfer(to: NodeId): void {
    if (this.#reign !== null) this.#transferee = to;
  }

  endTransfer(): void {
    this.#transferee = NO_NODE;
  }

  /** The lease may have ended by this replica's own clock. What is under way may still take effect. */
  leaseLost(): void {
    this.#lease = null;
    this.#endReign();
  }

  /** Etcd has not answered for long: the leader that it named may have changed. */
  forgetLeader(): void {
    if (this.#view !== null) this.#view = { ...this.#view, leader: null };
    this.lookSoon();
  }

  /** The state through `index` came from a snapshot. */
  restored(index: LogIndex): void {
    assert(index >= this.#fetched, "a snapshot never takes the state back");
    this.#fetched = index;
    this.#isGap = false;
  }

  /** What to ask etcd for now. Every ask gets one answer. */
  asks(now: MonotonicMs, ability: Ability): Ask[] {
    this.#lease = ability.lease;
    const asks: Ask[] = [];
    const mayLook = !this.#isLooking && now >= this.#lookNotBeforeMs;
    if (mayLook && (this.#reads.length > 0 || now >= this.#lookAtMs)) {
      this.#isLooking = true;
      this.#lookAtMs = now + this.#options.lookEveryMs;
      this.#readsAsked = this.#reads.splice(0);
      this.#known.look = this.revision;
      asks.push({ kind: "look" });
    }
    const mayFetch = ability.mayFetch && now >= this.#fetchNotBeforeMs;
    if (mayFetch && this.#fetchAskedMs === null && !this.#isGap && this.#isBehind()) {
      this.#fetchAskedMs = now;
      this.#known.fetch = this.revision;
      const { batches, limitMs } = this.#fetchSize;
      asks.push({ kind: "fetch", wanted: { from: logIndex(this.#fetched + 1), batches, limitMs } });
    }
    const write = this.#writing === null && now >= this.#writeAtMs ? this.#nextWrite(now, ability) : null;
    if (write !== null) asks.push({ kind: "write", write });
    return asks;
  }

  /** Returns the reads that the look confirms, and the index that they must wait for. Null: it failed. */
  looked(
    view: View | null,
    now: MonotonicMs,
  ): { readonly index: LogIndex; readonly reads: readonly string[] } | null {
    this.#isLooking = false;
    const reads = this.#readsAsked.splice(0);
    if (view === null) {
      this.#reads.unshift(...reads);
      this.#lookNotBeforeMs = now + this.#options.retryMs;
      return null;
    }
    refuseOlder(view.revision, this.#known.look);
    this.#see(view);
    // The newest view may come from a later answer. The look was asked for after its reads were, so both have all they need.
    return { index: this.head?.index ?? FIRST_INDEX, reads };
  }

  fetchedBatches(fetched: Fetched | null, now: MonotonicMs): void {
    const tookMs = now - (this.#fetchAskedMs ?? now);
    this.#fetchAskedMs = null;
    if (fetched === null) {
      this.#fetchSize.failed(tookMs);
      this.#fetchNotBeforeMs = now + this.#options.retryMs;
      return;
    }
    this.#fetchSize.answered(tookMs);
    refuseOlder(fetched.revision, this.#known.fetch);
    const from = this.#fetched;
    for (const batch of fetched.batches) {
      if (lastOf(batch) <= this.#fetched) continue;
      if (batch.first > this.#fetched + 1) break;
      this.#handOut(batch);
    }
    this.#isGap = this.#fetched === from && this.#isBehind();
  }

  wrote(answer: WriteAnswer, now: MonotonicMs): void {
    const writing = this.#writing;
    assert(writing !== null, "an answer belongs to a write");
    this.#writing = null;
    switch (answer.kind) {
      case "done":
        refuseOlder(answer.revision, this.#known.write);
        this.#done(writing, answer.revision);
        return;
      case "refused":
        this.#writeAtMs = now + this.#options.retryMs;
        this.#see(answer.view);
        return;
      case "unknown":
        this.#writeAtMs = now + this.#options.retryMs;
        this.lookSoon();
    }
  }

  #done(writing: Writing, revision: number): void {
    if (writing === "append") {
      const appended = this.#reign?.done() ?? null;
      if (appended !== null) this.#appended(appended, revision);
    } else if (writing !== "settled") {
      // A view shows what the others see too: the leader's key, its fence and the head of its term.
      this.#seeFrom = revision;
      this.lookSoon();
    }
  }

  #appended({ batch, head }: { readonly batch: Batch; readonly head: Head }, revision: number): void {
    if (this.#view !== null && revision >= this.#view.revision)
      this.#view = { ...this.#view, revision, head };
    this.#handOut(batch);
  }

  /** A look that a newer answer overtook, or a refused write, may bring an older view: it is dropped. */
  #see(view: View): void {
    if (this.#view !== null && view.revision < this.#view.revision) return;
    refuseLost(view, this.#options, this.#view?.head?.index ?? null);
    this.#view = view;
    if (view.leader !== null) this.#leaderlessMs = null;
    const appended = this.#reign?.appendedAt(view.head) ?? null;
    if (appended !== null) {
      if (this.#writing === "append") this.#writing = "settled";
      this.#handOut(appended.batch);
    }
    if (this.#reign !== null && view.leader?.created !== this.#reign.created) this.#endReign();
    this.#beginReign(view);
  }

  /** This replica's campaign took effect, however that became known, and it has the whole log. */
  #beginReign({ leader, head }: View): void {
    const isOwn = leader !== null && leader.node === this.#options.self && leader.lease === this.#lease;
    if (this.#reign !== null || !isOwn || head === null || head.term !== leader.term) return;
    if (head.index !== this.#fetched) return;
    this.#reign = new Reign(this.#options.keys, leader.term, leader.created, head.index);
    this.#transferee = NO_NODE;
  }

  #endReign(): void {
    if (this.#writing === "append") this.#writing = "settled";
    this.#reign = null;
    this.#transferee = NO_NODE;
  }

  #handOut(batch: Batch): void {
    for (const [at, data] of batch.commands.entries()) {
      const index = logIndex(batch.first + at);
      if (index <= this.#fetched) continue;
      assert(index === this.#fetched + 1, "entries are handed out in order, without a gap");
      this.#fetched = index;
      this.#handedOut.push({ index, term: batch.term, data });
    }
    if (this.#view !== null) this.#beginReign(this.#view);
  }

  /** A leader has its own entries from its appends. */
  #isBehind(): boolean {
    return this.#reign === null && this.head !== null && this.head.index > this.#fetched;
  }

  #nextWrite(now: MonotonicMs, { lease, mayLead }: Ability): GuardedWrite | null {
    if (this.#view === null || this.#view.revision < this.#seeFrom) return null;
    const { head, leader } = this.#view;
    if (head === null) return this.#ask("found", this.#founding());
    if (this.#reign !== null) return this.#append(head, this.#reign);
    if (leader !== null || this.#fetched !== head.index) return null;
    this.#leaderlessMs ??= now;
    if (lease === null || !mayLead || this.#yields(now, head)) return null;
    return this.#ask("campaign", this.#campaign(head, lease));
  }

  #append(head: Head, reign: Reign): GuardedWrite | null {
    const next = reign.next(head);
    if (next !== null) return this.#ask("append", next);
    return this.#transferee === NO_NODE ? null : this.#ask("resign", this.#resignation(reign));
  }

  #ask(writing: Writing, write: GuardedWrite): GuardedWrite {
    this.#writing = writing;
    this.#known.write = this.revision;
    return write;
  }

  /** The last leader named another replica, which goes first for a moment. */
  #yields(now: MonotonicMs, head: Head): boolean {
    const successor = this.#view?.successor ?? null;
    if (successor === null || successor.term !== head.term) return false;
    const waited = now - (this.#leaderlessMs ?? now);
    return successor.node !== this.#options.self && waited < this.#options.successorMs;
  }

  #founding(): GuardedWrite {
    const { keys, clusterId } = this.#options;
    const { raw } = headOf(clusterId, FIRST_INDEX, term(1));
    return {
      conditions: [{ kind: "absent", key: keys.head }],
      puts: [{ key: keys.head, value: raw }],
      erases: [],
    };
  }

  #campaign(over: Head, lease: string): GuardedWrite {
    const { keys, self, clusterId } = this.#options;
    const next = headOf(clusterId, over.index, term(over.term + 1));
    return {
      conditions: [
        { kind: "equals", key: keys.head, value: over.raw },
        { kind: "absent", key: keys.leader },
      ],
      puts: [
        { key: keys.leader, value: leaderValue(self, next.term), lease },
        { key: keys.head, value: next.raw },
      ],
      erases: [keys.successor],
    };
  }

  #resignation({ term: at, created }: Reign): GuardedWrite {
    const { keys } = this.#options;
    return {
      conditions: [{ kind: "created", key: keys.leader, revision: created }],
      puts: [{ key: keys.successor, value: successorValue(this.#transferee, at) }],
      erases: [keys.leader],
    };
  }
}
