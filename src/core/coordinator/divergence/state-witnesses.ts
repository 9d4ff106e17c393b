// Which voters could still contradict a leader's state at a checkpoint (ADR-0017). A voter that waits for a
// snapshot has no state to compare. A voter that left several checkpoints in a row unanswered is silent: it
// is down, of an older build, or too slow. What must stay true: a voter that is heard again counts again.
// Facts of one term do not count in another.

import type { LogIndex, NodeId, Term } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { StateAnswer } from "./state-verdict.ts";

/** After this many unanswered checkpoints the others continue without the voter. */
export const SILENT_CHECKPOINTS = 3;

export interface WitnessesOptions {
  readonly self: NodeId;
  readonly driver: { readonly term: Term; status(): Pick<RaftStatus, "config" | "progress"> };
  /** Whether the peer has sent anything lately. */
  readonly hears: (peer: NodeId) => boolean;
}

export class Witnesses {
  readonly #options: WitnessesOptions;
  #term: number | null = null;
  /** Followers that need a snapshot, and which one. */
  readonly #waiting = new Map<NodeId, LogIndex>();
  /** Consecutive checkpoints that a voter has left unanswered. */
  readonly #missed = new Map<NodeId, number>();
  readonly #unheard = new Set<NodeId>();

  constructor(options: WitnessesOptions) {
    this.#options = options;
  }

  /** The peer lacks compacted entries: without a snapshot it never reaches a later checkpoint. */
  waits(peer: NodeId, snapshot: LogIndex): void {
    this.#look();
    this.#waiting.set(peer, snapshot);
  }

  /** A checkpoint has ended that every voter had time to answer. */
  ended(answers: ReadonlyMap<NodeId, StateAnswer>): void {
    for (const voter of this.#look()) {
      if (answers.has(voter)) this.#missed.delete(voter);
      else this.#missed.set(voter, (this.#missed.get(voter) ?? 0) + 1);
    }
  }

  /** The answers; each voter that waits for a snapshot is marked as having none. */
  withWaiting(answers: ReadonlyMap<NodeId, StateAnswer>): ReadonlyMap<NodeId, StateAnswer> {
    const waiting = this.#look().filter((voter) => !answers.has(voter) && this.#isWaiting(voter));
    return waiting.length === 0
      ? answers
      : new Map([...answers, ...waiting.map((id) => [id, null] as const)]);
  }

  /** Whether each voter agrees with `own`, has no state to compare, or is silent. */
  areSilent(answers: ReadonlyMap<NodeId, StateAnswer>, own: string): boolean {
    return this.#look().every((voter) => {
      const answer = answers.get(voter);
      if (answer !== undefined) return answer === null || answer === own;
      return this.#isWaiting(voter) || this.#isSilent(voter);
    });
  }

  /** Voters that could answer, but left the last checkpoints unanswered. */
  silent(): readonly NodeId[] {
    return this.#look().filter((voter) => this.#isSilent(voter));
  }

  #isSilent(voter: NodeId): boolean {
    return (this.#missed.get(voter) ?? 0) >= SILENT_CHECKPOINTS;
  }

  #isWaiting(voter: NodeId): boolean {
    const snapshot = this.#waiting.get(voter);
    const match = this.#options.driver.status().progress.get(voter)?.match;
    return snapshot !== undefined && match !== undefined && match < snapshot;
  }

  /** The other voters; drops facts that have become false. */
  #look(): readonly NodeId[] {
    const { self, driver, hears } = this.#options;
    if (driver.term !== this.#term) {
      this.#term = driver.term;
      for (const known of [this.#waiting, this.#missed, this.#unheard]) known.clear();
    }
    const { voters, votersOutgoing } = driver.status().config;
    const others = [...new Set([...voters, ...votersOutgoing])].filter((voter) => voter !== self);
    for (const voter of others) {
      if (!hears(voter)) this.#unheard.add(voter);
      else if (this.#unheard.delete(voter)) this.#missed.delete(voter);
    }
    return others;
  }
}
