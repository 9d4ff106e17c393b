// What one node may say, and what it must still know after a restart (Raft Figure 2, persistent state). It acknowledges
// nothing before it is durable. Its term and commit never go back. It gives at most one vote a term.

import { type LogIndex, logIndex, type NodeId, type Term, term } from "../../base/ids.ts";
import type { LogReader } from "../../raft/log-reader.ts";
import { type HardState, type Message, NO_NODE } from "../../raft/message.ts";
import type { WalRecord } from "../../storage/record.ts";
import type { WriteRequest } from "../../storage/storage.ts";
import { check } from "../violation.ts";
import { DurableLog } from "./durable-log.ts";
import type { LeaderLogs } from "./leader-logs.ts";

const NOTHING: HardState = { term: term(0), vote: NO_NODE, commit: logIndex(0) };
const PROPERTY = "durable promises";

export class Promises {
  readonly #node: NodeId;
  readonly #leaders: LeaderLogs;
  #durable = NOTHING;
  /** Null until a process has read the disk. */
  #log: DurableLog | null = null;
  readonly #votes = new Map<Term, NodeId>();
  /** Of the running process. */
  #term = term(0);
  #commit = logIndex(0);

  constructor(node: NodeId, leaders: LeaderLogs) {
    this.#node = node;
    this.#leaders = leaders;
  }

  handsOver(request: WriteRequest): void {
    this.#log?.handsOver(request);
  }

  writesFrame(records: readonly WalRecord[]): void {
    this.#log?.writesFrame(records);
  }

  synced(records: readonly WalRecord[]): void {
    this.#log?.synced(records);
    this.#durable = records.findLast((record) => record.kind === "hard-state")?.hardState ?? this.#durable;
  }

  /** The disk with everything on it is gone, and with it all promises (ADR-0002). */
  wiped(): void {
    this.#durable = NOTHING;
    this.#log = null;
    this.#votes.clear();
  }

  /** A new process recovered this; what was being written when the old one died may be part of it. */
  started(reader: LogReader): void {
    this.#log?.survives(this.#node, reader);
    this.#log = new DurableLog(reader);
    const recovered = reader.initialState().hardState;
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

  // An acknowledgement of term t says that this log agrees with the log of t's leader up to the index. The core makes
  // it in term t. From then on only a leader of a later term takes such an entry back. It does so with an append that
  // conflicts at or below the index, or with a snapshot that restarts the log below it. Storage gets either of them in
  // a later reign than t, with the acknowledgement's own write or after it. So if the entry is not durable when the
  // acknowledgement leaves, its replacement is or was. The replacement may be of any term, also of an older one than
  // the entry. A later term alone excuses nothing, because it takes no entry back. The excuse misleads no leader. In
  // the majority that elected the later leader, no replica had acknowledged the entry in term t, and none does so
  // later. It would have refused its vote. So t's leader can't commit the entry, whatever it hears from here.
  #acknowledges({ index, term: now }: Message): void {
    const log = this.#log;
    if (log === null) return;
    const isDurable = log.holds(index, this.#leaders.entryTerm(now, index));
    check(isDurable || log.reignThrough(index) > now, PROPERTY, () => {
      return `node ${this.#node} acknowledges entry ${index} to term ${now}'s leader; durable is ${log.describe(index)}`;
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
}
