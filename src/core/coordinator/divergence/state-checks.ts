// Replicas compare their applied state at checkpoints (ADR-0017). The leader names one every few seconds and
// every thousand entries. Each replica answers with its digest there once it has applied it. The leader sends
// all of them the majority's digest, and a replica with another digest fences itself. What must stay true: a
// replica judges itself by its own digest, so a late or wrong verdict about it does no harm. A replica never
// answers with a digest that it does not know.

import { assert } from "../../base/assert.ts";
import { type LogIndex, logIndex, type NodeId, type Term } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { StateCheck } from "../../wire/gen/fleet/v1/raft.ts";
import type { StateTrust } from "./state-trust.ts";
import { type StateAnswer, stateVerdict } from "./state-verdict.ts";
import { SILENT_CHECKPOINTS, Witnesses } from "./state-witnesses.ts";

export const CHECK_EVERY_MS = 2_000;
// Well below the number of digests in recent-digests.ts, so that a follower that is slightly ahead or behind
// still knows its digest.
const CHECK_EVERY_ENTRIES = 1_000;
const NO_ANSWERS: ReadonlyMap<NodeId, StateAnswer> = new Map();
const DIGEST = /^[0-9a-f]{16}$/;

export interface StateChecksOptions {
  readonly self: NodeId;
  readonly trust: StateTrust;
  readonly driver: {
    readonly role: RaftStatus["role"];
    readonly leader: NodeId;
    readonly term: Term;
    readonly appliedIndex: LogIndex;
    status(): Pick<RaftStatus, "config" | "progress">;
  };
  /** The digest right after `index`; null = unknown or dropped. */
  readonly digestAt: (index: number) => string | null;
  /** The present tables: the index through which they were applied, and their digest. */
  readonly now: () => { readonly appliedIndex: LogIndex; hash(): string };
  readonly send: (peer: NodeId, check: StateCheck) => void;
  /** Whether the peer has sent anything lately. */
  readonly hears: (peer: NodeId) => boolean;
  /**
   * A snapshot at this index is made or sent although no checkpoint has confirmed it: these voters are
   * silent.
   */
  readonly onUnconfirmed?: (index: LogIndex, silent: readonly NodeId[]) => void;
  readonly nameOf: (id: NodeId) => string;
  readonly log: Log;
  /** What its log lines say beside their own. */
  readonly about?: object;
}

/** One checkpoint of this leader. */
interface Round {
  readonly term: number;
  readonly index: LogIndex;
  readonly answers: Map<NodeId, StateAnswer>;
  /** The majority's digest; empty = disputed; null = still open. */
  digest: string | null;
  /** Whether replicas had all of the time since the last tick to answer it. */
  isAged: boolean;
}

export class StateChecks {
  readonly #options: StateChecksOptions;
  #round: Round | null = null;
  /** The leader's question, until its index is applied here. */
  #asked: { readonly from: NodeId; readonly term: number; readonly index: number } | null = null;
  /** Peers whose state was wrong at the last checkpoint that they answered. */
  readonly #wrong = new Set<NodeId>();
  readonly #witnesses: Witnesses;
  /** Ticks, under any leader, since this replica last received the majority's digest. */
  #unheardTicks = 0;
  /** The newest snapshot that was not held back although it was not confirmed. */
  #unconfirmed = logIndex(0);

  constructor(options: StateChecksOptions) {
    this.#options = options;
    this.#witnesses = new Witnesses(options);
  }

  /** Whether there is no known problem with the peer's state, so that it may lead. */
  isFit(peer: NodeId): boolean {
    return !this.#wrong.has(peer);
  }

  /** Every CHECK_EVERY_MS. */
  tick(): void {
    const { trust, driver } = this.#options;
    trust.remember();
    this.#lookInside();
    if (driver.leader !== 0) this.#unheardTicks += 1;
    if (!this.#mayAsk()) {
      this.#round = null;
      return;
    }
    const round = this.#round;
    if (round?.digest === null && !round.isAged && round.term === driver.term) {
      round.isAged = true;
      return;
    }
    if (round?.isAged) this.#witnesses.ended(round.answers);
    this.#judge(true);
    this.#begin(true);
  }

  /**
   * Whether the snapshot may be sent to a follower that lacks compacted entries. A confirmed one is sent
   * during a dispute, too: the follower applies the later entries itself, and then counts. It is also sent if this
   * replica was fenced after it was made. As a last resort this replica leads, and its log and that snapshot are right.
   */
  maySend(follower: NodeId, snapshot: LogIndex): boolean {
    const { driver, trust } = this.#options;
    if (driver.role !== "leader" || trust.isDamaged) return false;
    if (trust.confirmedThrough >= snapshot) return true;
    if (trust.isFenced) return false;
    this.#witnesses.waits(follower, snapshot);
    return this.mayKeep(snapshot);
  }

  /**
   * Whether this replica's state at `index` may be stored or sent in a snapshot. Either a majority had the
   * same state there or later, or no voter is left that could contradict. Otherwise a checkpoint is started,
   * so ask again. First to be called when the state is captured: the others confirm the digest at the moment
   * when the entry was applied.
   */
  mayKeep(index: LogIndex): boolean {
    const { trust, onUnconfirmed } = this.#options;
    this.#lookInside();
    if (trust.isTrusted && trust.confirmedThrough < index) this.#hurry();
    if (!trust.isTrusted) return false;
    if (trust.confirmedThrough >= index) return true;
    if (!this.#areOthersSilent(index)) return false;
    if (index > this.#unconfirmed) onUnconfirmed?.(index, this.#witnesses.silent());
    this.#unconfirmed = logIndex(Math.max(index, this.#unconfirmed));
    return true;
  }

  /** After each entry that was applied. */
  applied(): void {
    this.#answerIfApplied();
    const round = this.#round;
    if (round === null || round.digest === null) return;
    if (this.#options.driver.appliedIndex < round.index + CHECK_EVERY_ENTRIES) return;
    if (this.#mayAsk()) this.#begin(false);
  }

  heard(from: NodeId, { term, index, kind }: StateCheck): void {
    const { driver } = this.#options;
    if (term !== driver.term) return;
    switch (kind?.$case) {
      case "question":
        if (from === driver.leader) this.#asked = { from, term, index };
        this.#answerIfApplied();
        return;
      case "answer": {
        const { digest, fenced } = kind.value;
        if (fenced || DIGEST.test(digest)) this.#onAnswer(from, index, fenced ? null : digest);
        return;
      }
      case "verdict":
        if (from === driver.leader) this.#obey(index, kind.value.digest);
        return;
      case undefined:
        // From a newer build.
        return;
    }
  }

  // Only an entry changes the tables.
  #lookInside(): void {
    const { trust, digestAt, now } = this.#options;
    const view = now();
    const expected = digestAt(view.appliedIndex);
    const digest = view.hash();
    if (expected === null || expected === digest) return;
    const detail = "the tables changed without an entry";
    trust.fence({ index: view.appliedIndex, digest, expected, cause: "memory", detail });
  }

  #mayAsk(): boolean {
    const { driver, trust } = this.#options;
    return driver.role === "leader" && !trust.isFenced;
  }

  // An open checkpoint stays: if each request replaced it, none would ever be answered.
  #hurry(): void {
    if (!this.#mayAsk()) return;
    const { term } = this.#options.driver;
    if (this.#round?.digest !== null || this.#round.term !== term) this.#begin(false);
  }

  /**
   * Whether no voter is left that could say that the state at `index` is wrong. A follower learns it from its
   * leader.
   */
  #areOthersSilent(index: LogIndex): boolean {
    const { self, driver } = this.#options;
    if (driver.role !== "leader") return this.#unheardTicks >= SILENT_CHECKPOINTS;
    const round = this.#round;
    const own = round?.answers.get(self);
    if (round == null || round.term !== driver.term || own == null) return false;
    // A replica that agreed with an earlier state may contradict this one.
    return this.#witnesses.areSilent(round.index >= index ? round.answers : NO_ANSWERS, own);
  }

  /** `isAged`: started by a tick, so that replicas have all the time until the next one to answer it. */
  #begin(isAged: boolean): void {
    const { self, driver, digestAt } = this.#options;
    const index = driver.appliedIndex;
    const digest = digestAt(index);
    if (digest === null) return;
    this.#round = { term: driver.term, index, answers: new Map([[self, digest]]), digest: null, isAged };
    this.#broadcast(index, { $case: "question", value: {} });
    this.#judge(false);
  }

  #onAnswer(from: NodeId, index: number, answer: StateAnswer): void {
    const round = this.#round;
    if (round === null || round.index !== index || round.term !== this.#options.driver.term) return;
    round.answers.set(from, answer);
    if (round.digest === null) this.#judge(false);
    else this.#note(from, answer, round);
  }

  #judge(isOver: boolean): void {
    const { self, driver, trust } = this.#options;
    const round = this.#round;
    if (round === null || round.digest !== null || round.term !== driver.term) return;
    const { voters, votersOutgoing } = driver.status().config;
    const halves = { incoming: new Set(voters), outgoing: new Set(votersOutgoing) };
    const verdict = stateVerdict(halves, this.#witnesses.withWaiting(round.answers), isOver);
    if (verdict.kind === "open") return;
    round.digest = verdict.kind === "majority" ? verdict.digest : "";
    this.#broadcast(round.index, { $case: "verdict", value: { digest: round.digest } });
    this.#obey(round.index, round.digest);
    if (trust.isFenced) return;
    for (const [node, answer] of round.answers) if (node !== self) this.#note(node, answer, round);
  }

  /** Notes which peers are wrong, and informs one that answers after the verdict. */
  #note(peer: NodeId, answer: StateAnswer, { index, digest }: Round): void {
    const { log, nameOf, about } = this.#options;
    if (digest === "" || digest === null) return;
    if (answer === digest) {
      this.#wrong.delete(peer);
      return;
    }
    const isNews = !this.#wrong.has(peer);
    this.#wrong.add(peer);
    if (answer === null) return;
    if (isNews)
      log.error("a replica's state is not the majority's", {
        ...about,
        node: nameOf(peer),
        index,
        digest: answer,
        expected: digest,
      });
    this.#send(peer, index, { $case: "verdict", value: { digest } });
  }

  #obey(index: number, digest: string): void {
    const { trust, driver, digestAt } = this.#options;
    if (digest === "") {
      trust.dispute(index);
      return;
    }
    const own = digestAt(index);
    if (own === null || !DIGEST.test(digest)) return;
    assert(index <= driver.appliedIndex, "only a state that was applied here can be confirmed");
    this.#unheardTicks = 0;
    if (own === digest) trust.agree(logIndex(index));
    else trust.fence({ index, digest: own, expected: digest, cause: "majority", detail: "" });
  }

  #answerIfApplied(): void {
    const { trust, driver, digestAt } = this.#options;
    const asked = this.#asked;
    if (asked === null || (!trust.isFenced && driver.appliedIndex < asked.index)) return;
    this.#asked = null;
    if (asked.term !== driver.term) return;
    const digest = trust.isFenced ? "" : digestAt(asked.index);
    if (digest === null) return;
    this.#send(asked.from, asked.index, { $case: "answer", value: { digest, fenced: trust.isFenced } });
  }

  #broadcast(index: number, kind: NonNullable<StateCheck["kind"]>): void {
    const { self, driver } = this.#options;
    const { voters, votersOutgoing, learners, learnersNext } = driver.status().config;
    const members = new Set([...voters, ...votersOutgoing, ...learners, ...learnersNext]);
    for (const member of members) if (member !== self) this.#send(member, index, kind);
  }

  #send(peer: NodeId, index: number, kind: NonNullable<StateCheck["kind"]>): void {
    this.#options.send(peer, { term: this.#options.driver.term, index: logIndex(index), kind });
  }
}
