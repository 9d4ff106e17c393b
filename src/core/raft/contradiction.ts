// Whether a leader's message contradicts what is committed here. A leader's log holds every committed entry
// (leader completeness, Raft §5.4.3). So a contradiction proves that a quorum has lost entries: an old backup
// was restored, or a log was cut short. One of the two histories is then lost, and an operator must decide
// which.

import type { LogIndex, Term } from "../base/ids.ts";
import type { Message } from "./message.ts";
import type { EntryId, RaftLog } from "./raft-log.ts";

export interface Contradiction {
  /** The entry committed here has the term `held`; the leader's log has the term `sent` at that index. */
  readonly index: LogIndex;
  readonly held: Term;
  readonly sent: Term;
}

/**
 * Null: the message agrees with every committed entry that it names, as far as this log still holds their
 * terms.
 */
export function contradictionOf(log: RaftLog, message: Message): Contradiction | null {
  for (const { index, term: sent } of namedBy(message)) {
    if (index > log.committed) return null;
    const held = log.term(index);
    if (typeof held === "number" && held !== sent) return { index, held, sent };
  }
  return null;
}

/** In ascending order. */
function namedBy({ type, index, logTerm, reject, entries, snapshot }: Message): readonly EntryId[] {
  if (type === "MsgSnap") return snapshot === null ? [] : [snapshot];
  return type === "MsgApp" && !reject ? [{ index, term: logTerm }, ...entries] : [];
}
