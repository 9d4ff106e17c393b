// What every leader reported about its log: "a leader never overwrites or deletes entries in its log" (leader
// append-only, Raft Figure 3). Hence what it told names the one entry that an acknowledgement of its term and some
// index is about.

import type { LogIndex, Term } from "../../base/ids.ts";
import type { Message } from "../../raft/message.ts";
import { check } from "../violation.ts";

export class LeaderLogs {
  /** By the leader's term, then by index: the entry's term. */
  readonly #told = new Map<Term, Term[]>();

  says({ type, term, index, logTerm, entries, snapshot }: Message): void {
    if (type === "MsgSnap" && snapshot !== null) this.#tells(term, snapshot.index, snapshot.term);
    if (type !== "MsgApp") return;
    this.#tells(term, index, logTerm);
    for (const entry of entries) this.#tells(term, entry.index, entry.term);
  }

  /** The term of that entry in the log of the leader of `leaderTerm`; undefined = it did not speak of it. */
  entryTerm(leaderTerm: Term, index: LogIndex): Term | undefined {
    return this.#told.get(leaderTerm)?.[index];
  }

  #tells(leaderTerm: Term, index: LogIndex, entryTerm: Term): void {
    const told = this.#told.get(leaderTerm) ?? [];
    this.#told.set(leaderTerm, told);
    const before = told[index] ?? entryTerm;
    check(before === entryTerm, "leader append-only", () => {
      return `the leader of term ${leaderTerm} has entry ${index} of term ${before} and then of ${entryTerm}`;
    });
    told[index] = entryTerm;
  }
}
