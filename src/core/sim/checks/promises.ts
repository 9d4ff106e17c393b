// What one node may say, and what it must still know after a restart (Raft Figure 2, persistent state): nothing is
// acknowledged before it is durable, term and commit never go back, and at most one vote is given a term.

import { type LogIndex, logIndex, type NodeId, type Term, term } from "../../base/ids.ts";
import { type HardState, type Message, NO_NODE } from "../../raft/message.ts";
import type { WalRecord } from "../../storage/record.ts";
import { check } from "../violation.ts";

const NOTHING: HardState = { term: term(0), vote: NO_NODE, commit: logIndex(0) };
const PROPERTY = "durable promises";

export class Promises {
  readonly #node: NodeId;
  #durable = NOTHING;
  /** The highest index that was ever durable here. */
  #durableThrough = logIndex(0);
  readonly #votes = new Map<Term, NodeId>();
  /** Of the running process. */
  #term = term(0);
  #commit = logIndex(0);

  constructor(node: NodeId) {
    this.#node = node;
  }

  synced(records: readonly WalRecord[]): void {
    for (const record of records) {
      if (record.kind === "hard-state") this.#durable = record.hardState;
      else if (record.kind === "entry") this.#raise(record.entry.index);
      else this.#raise(record.mark.index);
    }
  }

  /** The disk with everything on it is gone, and with it all promises (ADR-0002). */
  wiped(): void {
    this.#durable = NOTHING;
    this.#durableThrough = logIndex(0);
    this.#votes.clear();
  }

  /** A new process recovered this; what was being written when the old one died may be part of it. */
  started(recovered: HardState, lastIndex: LogIndex): void {
    const { term: kept, vote, commit } = this.#durable;
    const node = this.#node;
    check(
      recovered.term >= kept,
      PROPERTY,
      () => `node ${node} went back from term ${kept} to ${recovered.term}`,
    );
    check(
      recovered.commit >= commit,
      PROPERTY,
      () => `node ${node}'s commit ${commit} is ${recovered.commit} now`,
    );
    const keepsVote = recovered.term > kept || vote === NO_NODE || recovered.vote === vote;
    check(keepsVote, PROPERTY, () => `node ${node} forgot its vote for ${vote} in term ${kept}`);
    this.#durable = recovered;
    this.#raise(lastIndex);
    this.#term = recovered.term;
    this.#commit = recovered.commit;
  }

  runs(now: Term, commit: LogIndex): void {
    const node = this.#node;
    check(now >= this.#term, PROPERTY, () => `node ${node} went back from term ${this.#term} to ${now}`);
    check(
      commit >= this.#commit,
      PROPERTY,
      () => `node ${node} went back from commit ${this.#commit} to ${commit}`,
    );
    this.#term = now;
    this.#commit = commit;
  }

  says(message: Message): void {
    if (message.reject) return;
    if (message.type === "MsgAppResp") this.#acknowledges(message);
    if (message.type === "MsgVoteResp") this.#votesFor(message.to, message.term);
    if (message.type === "MsgVote") this.#votesFor(message.from, message.term);
  }

  // What was taken in and replaced again by a later term's leader before it was written is never durable. Its
  // acknowledgement leaves with the later term, whose leader was elected without it, so nobody can have relied on it.
  #acknowledges({ index, term: now }: Message): void {
    if (this.#durable.term > now) return;
    check(index <= this.#durableThrough, PROPERTY, () => {
      return `node ${this.#node} acknowledges entry ${index}, of which only ${this.#durableThrough} are durable`;
    });
  }

  #votesFor(candidate: NodeId, now: Term): void {
    const { term: durable, vote } = this.#durable;
    const isDurable = durable > now || (durable === now && vote === candidate);
    const node = this.#node;
    check(
      isDurable,
      PROPERTY,
      () => `node ${node} votes for ${candidate} in term ${now} before that is durable`,
    );
    const before = this.#votes.get(now) ?? candidate;
    check(
      before === candidate,
      PROPERTY,
      () => `node ${node} votes for ${before} and ${candidate} in term ${now}`,
    );
    this.#votes.set(now, candidate);
  }

  #raise(index: LogIndex): void {
    if (index > this.#durableThrough) this.#durableThrough = index;
  }
}
