// Several proposals in one append. The batch needs one acknowledgement by the leader itself and one message a
// follower; single proposals need as many as there are proposals. What must stay true: a batch has the same result as
// its proposals one after the other. Each proposal gets an index or a refusal of its own. Configuration changes are
// proposed alone (proposal.ts).

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type Term } from "../base/ids.ts";
import type { Core } from "./core.ts";
import { appendOwn, type NewEntry } from "./leader-log.ts";
import { NO_NODE } from "./message.ts";
import { broadcastAppend, sendAppend } from "./replication.ts";

export type ProposedBatch =
  | {
      readonly ok: true;
      readonly term: Term;
      /** One for each proposal, in order. null: the limit of uncommitted bytes is reached. */
      readonly indexes: readonly (LogIndex | null)[];
    }
  | { readonly ok: false; readonly reason: "no-leader" | "not-leader" | "transferring" | "removed" };

/** Never forwarded: a replica that does not lead refuses all of them. */
export function proposeBatch(core: Core, proposed: readonly Uint8Array[]): ProposedBatch {
  assert(proposed.length > 0, "something is proposed");
  if (core.role !== "leader")
    return { ok: false, reason: core.leader === NO_NODE ? "no-leader" : "not-leader" };
  if (core.progressOf(core.id) === undefined) return { ok: false, reason: "removed" };
  if (core.transferee !== NO_NODE) return { ok: false, reason: "transferring" };
  const fits = fitting(core, proposed);
  const entries: NewEntry[] = [];
  const first = core.log.lastIndex + 1;
  const indexes = proposed.map((data, at) => {
    if (fits[at] !== true) return null;
    entries.push({ type: "normal", data });
    return logIndex(first + entries.length - 1);
  });
  if (entries.length > 0) {
    const last = appendOwn(core, entries);
    assert(last === first + entries.length - 1, "what fits is appended");
    sendAll(core);
  }
  return { ok: true, term: core.term, indexes };
}

/** The proposals that fit the limit of uncommitted bytes, each counted after those before it. */
function fitting({ uncommittedBytes, config }: Core, proposed: readonly Uint8Array[]): readonly boolean[] {
  let total = uncommittedBytes;
  return proposed.map(({ length }) => {
    if (total > 0 && length > 0 && total + length > config.uncommittedBytesMax) return false;
    total += length;
    return true;
  });
}

/** A batch may need more than one message; the window decides how many are sent at once. */
function sendAll(core: Core): void {
  broadcastAppend(core);
  for (const id of core.peers) {
    let maySendMore = true;
    while (maySendMore) maySendMore = sendAppend(core, id, false);
  }
}
