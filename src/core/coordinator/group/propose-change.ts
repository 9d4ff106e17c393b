// Proposes a change of the configuration to a group's core, and says in the driver's words why the core refuses it.

import { assert } from "../../base/assert.ts";
import type { LogIndex, Term } from "../../base/ids.ts";
import type { ConfChange } from "../../raft/confchange.ts";
import type { RaftNode } from "../../raft/raft-node.ts";
import type { Refusal } from "./pending.ts";

export type ProposedChange =
  | { readonly ok: true; readonly index: LogIndex; readonly term: Term }
  | { readonly ok: false; readonly refusal: Refusal };

export function proposeChange(raft: Pick<RaftNode, "proposeConfChange">, change: ConfChange): ProposedChange {
  const proposed = raft.proposeConfChange(change);
  if (!proposed.ok) return refused(proposed.reason === "removed" ? "not-leader" : proposed.reason);
  assert(proposed.forwarded === false, "proposal forwarding is off: clients find the leader themselves");
  if (proposed.refused !== null)
    return refused(proposed.refused === "malformed" ? "change-malformed" : "change-pending");
  return { ok: true, index: proposed.index, term: proposed.term };
}

const refused = (refusal: Refusal): ProposedChange => ({ ok: false, refusal });
