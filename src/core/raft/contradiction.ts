// Whether a leader's message contradicts what is committed here. A leader's log holds every committed entry (leader
// completeness, Raft §5.4.3), so that cannot happen unless a quorum has lost entries: an old backup was restored, a log
// was cut short. Then one of the two histories is lost, and a person has to decide which.

import type { LogIndex, Term } from "../base/ids.ts";
import type { Message } from "./message.ts";
import type { EntryId, RaftLog } from "./raft-log.ts";

export interface Contradiction {
  /** Committed here with the term `held`, while the leader's log has the term `sent` there. */
  readonly index: LogIndex;
  readonly held: Term;
  readonly sent: Term;
}

/** Null: the message agrees with every committed entry that it names, as far as this log still knows them. */
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
