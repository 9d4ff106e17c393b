// The witness: the one committed log, put together from what nodes call committed. Three properties are checked against
// it (Raft Figure 3). Leader completeness: "if a log entry is committed in a given term, then that entry will be present
// in the logs of the leaders for all higher-numbered terms". Committed entries never change. State machine safety: equal
// states at equal applied indexes.

import { type LogIndex, logIndex, type NodeId, type Term, term } from "../../base/ids.ts";
import type { LogReader } from "../../raft/log-reader.ts";
import { check } from "../violation.ts";

interface Committed {
  readonly term: Term;
  /** Of the first replica that was seen to call it committed; it was committed in this term or before. */
  readonly seenIn: Term;
}

export class CommittedLog {
  readonly #entries: (Committed | undefined)[] = [];
  readonly #hashes: (string | undefined)[] = [];
  #last = 0;

  get lastIndex(): number {
    return this.#last;
  }

  /** `node` calls everything up to `commit` committed; what is up to `from` was looked at before. */
  commits(node: NodeId, from: number, commit: number, reader: LogReader, seenIn: Term): void {
    for (let index = from + 1; index <= commit; index += 1) {
      const entryTerm = reader.term(logIndex(index));
      check(
        entryTerm !== "unavailable",
        "committed entries",
        () => `node ${node} lacks its committed entry ${index}`,
      );
      if (entryTerm !== "compacted") this.#commit(node, index, entryTerm, seenIn);
    }
  }

  /** A leader of `leaderTerm` has just been elected and shows its log. */
  elected(node: NodeId, leaderTerm: Term, reader: LogReader): void {
    let index = this.#last;
    while (index > 0 && (this.#entries[index]?.seenIn ?? term(0)) >= leaderTerm) index -= 1;
    const committed = this.#entries[index];
    if (committed === undefined) return;
    const own = reader.term(logIndex(index));
    const holds = own === committed.term || own === "compacted";
    check(holds, "leader completeness", () => {
      return `leader ${node} of term ${leaderTerm} lacks entry ${index} of term ${committed.term} (it has ${own})`;
    });
  }

  /** The state hash after `index`; undefined before a replica has told it. */
  hashAt(index: LogIndex): string | undefined {
    return this.#hashes[index];
  }

  /** `node` has this state hash after `index`. */
  applies(node: NodeId, index: LogIndex, hash: string): void {
    const known = this.#hashes[index];
    check(known === undefined || known === hash, "state machine safety", () => {
      return `node ${node} has state ${hash} at index ${index}, others have ${known}`;
    });
    this.#hashes[index] = hash;
  }

  #commit(node: NodeId, index: number, entryTerm: Term, seenIn: Term): void {
    const known = this.#entries[index];
    check(known === undefined || known.term === entryTerm, "state machine safety", () => {
      return `node ${node} commits entry ${index} of term ${entryTerm}, others that of term ${known?.term}`;
    });
    if (known !== undefined) return;
    this.#entries[index] = { term: entryTerm, seenIn };
    this.#last = Math.max(this.#last, index);
  }
}
