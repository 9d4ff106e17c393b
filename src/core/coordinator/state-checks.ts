// Replicas compare their applied state at checkpoints (ADR-0017). The leader names one every few seconds and every
// thousand entries; each replica answers with its digest there once it has applied it; the leader tells all what the
// majority has, and whoever has something else fences itself. What must stay true: a replica judges itself by its own
// digest, so that a verdict that is late or wrong about it does no harm; a digest that is not known is never answered.

import { type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { RaftStatus } from "../raft/status.ts";
import type { StateCheck } from "../wire/gen/fleet/v1/raft.ts";
import type { StateTrust } from "./state-trust.ts";
import { type StateAnswer, stateVerdict } from "./state-verdict.ts";

export const CHECK_EVERY_MS = 2_000;
// Well below what recent-digests.ts keeps, so that a follower that is a little ahead or behind still knows its digest.
const CHECK_EVERY_ENTRIES = 1_000;
const DIGEST = /^[0-9a-f]{16}$/;

export interface StateChecksOptions {
  readonly self: NodeId;
  readonly trust: StateTrust;
  readonly driver: {
    readonly role: RaftStatus["role"];
    readonly leader: NodeId;
    readonly term: number;
    readonly appliedIndex: LogIndex;
    status(): Pick<RaftStatus, "config">;
  };
  /** The digest right after `index`; null = not known, or not any more. */
  readonly digestAt: (index: number) => string | null;
  readonly send: (peer: NodeId, check: StateCheck) => void;
  readonly nameOf: (id: NodeId) => string;
  readonly log: Log;
}

/** One checkpoint of this leader. */
interface Round {
  readonly term: number;
  readonly index: LogIndex;
  readonly answers: Map<NodeId, StateAnswer>;
  /** What the majority has; empty = disputed; null = still open. */
  digest: string | null;
}

export class StateChecks {
  readonly #options: StateChecksOptions;
  #round: Round | null = null;
  /** What the leader asks about, until it is applied here. */
  #asked: { readonly from: NodeId; readonly term: number; readonly index: number } | null = null;
  /** Peers whose state was wrong at the last checkpoint that they answered. */
  readonly #wrong = new Set<NodeId>();

  constructor(options: StateChecksOptions) {
    this.#options = options;
  }

  /** Whether nothing is known against the peer's state: it may lead. */
  isFit(peer: NodeId): boolean {
    return !this.#wrong.has(peer);
  }

  /** Every CHECK_EVERY_MS. */
  tick(): void {
    const { trust } = this.#options;
    trust.remember();
    if (!this.#mayAsk()) {
      this.#round = null;
      return;
    }
    this.#judge(true);
    this.#begin();
  }

  /** After each entry that was applied. */
  applied(): void {
    this.#answerIfApplied();
    const round = this.#round;
    if (round === null || round.digest === null) return;
    if (this.#options.driver.appliedIndex < round.index + CHECK_EVERY_ENTRIES) return;
    if (this.#mayAsk()) this.#begin();
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
        // Of a newer build.
        return;
    }
  }

  #mayAsk(): boolean {
    const { driver, trust } = this.#options;
    return driver.role === "leader" && !trust.isFenced;
  }

  #begin(): void {
    const { self, driver, digestAt } = this.#options;
    const index = driver.appliedIndex;
    const digest = digestAt(index);
    if (digest === null) return;
    this.#round = { term: driver.term, index, answers: new Map([[self, digest]]), digest: null };
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
    const verdict = stateVerdict(halves, round.answers, isOver);
    if (verdict.kind === "open") return;
    round.digest = verdict.kind === "majority" ? verdict.digest : "";
    this.#broadcast(round.index, { $case: "verdict", value: { digest: round.digest } });
    this.#obey(round.index, round.digest);
    if (trust.isFenced) return;
    for (const [node, answer] of round.answers) if (node !== self) this.#note(node, answer, round);
  }

  /** Keeps in mind which peers are wrong, and tells one that answers after the verdict. */
  #note(peer: NodeId, answer: StateAnswer, { index, digest }: Round): void {
    const { log, nameOf } = this.#options;
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
        node: nameOf(peer),
        index,
        digest: answer,
        expected: digest,
      });
    this.#send(peer, index, { $case: "verdict", value: { digest } });
  }

  #obey(index: number, digest: string): void {
    const { trust, digestAt } = this.#options;
    if (digest === "") {
      trust.dispute(index);
      return;
    }
    const own = digestAt(index);
    if (own === null || !DIGEST.test(digest)) return;
    if (own === digest) trust.agree();
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
