// Proposals (Raft §5.3): a leader appends them, a follower forwards them. Configuration changes are checked
// when they are proposed, because the leader's applied state is known then. A refused one becomes an empty
// entry.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type Term, term as termOf } from "../base/ids.ts";
import type { ConfOperation } from "./confchange.ts";
import { decodeConfChange } from "./confchange-codec.ts";
import { isJoint } from "./configuration.ts";
import type { Core } from "./core.ts";
import { appendOwn, type NewEntry } from "./leader-log.ts";
import { type Entry, type Message, NO_NODE } from "./message.ts";
import { newMessage } from "./new-message.ts";
import { broadcastAppend } from "./replication.ts";
import { CONFIGURATION_MAX, isReadable } from "./well-formed.ts";

/** Why a leader appended an empty entry in place of a configuration change. */
type ConfChangeRefusal = "change-pending" | "joint" | "not-joint" | "malformed";

export type Proposed =
  | {
      readonly ok: true;
      readonly forwarded: false;
      /**
       * The index of the last proposed entry. The proposal is committed only if the entry applied at this
       * index has this term.
       */
      readonly index: LogIndex;
      readonly term: Term;
      readonly refused: ConfChangeRefusal | null;
    }
  /** Forwarded to the leader, which may drop it. */
  | { readonly ok: true; readonly forwarded: true }
  | {
      readonly ok: false;
      readonly reason: "no-leader" | "not-leader" | "transferring" | "removed" | "overloaded";
    };

export function propose(core: Core, proposed: readonly NewEntry[]): Proposed {
  const entries: readonly Entry[] = proposed.map(({ type, data }) => ({
    term: termOf(0),
    index: logIndex(0),
    type,
    data,
  }));
  return handleProposal(core, newMessage("MsgProp", { from: core.id, entries }));
}

/** MsgProp: entries without term and index. */
export function handleProposal(core: Core, message: Message): Proposed {
  assert(message.entries.length > 0, "something is proposed");
  switch (core.role) {
    case "leader":
      return proposeAsLeader(core, message.entries);
    case "follower":
      return forward(core, message);
    case "candidate":
    case "pre-candidate":
      return { ok: false, reason: "no-leader" };
  }
}

function forward(core: Core, message: Message): Proposed {
  if (core.leader === NO_NODE) return { ok: false, reason: "no-leader" };
  if (core.config.disableProposalForwarding) return { ok: false, reason: "not-leader" };
  core.send("MsgProp", { ...message, term: termOf(0), to: core.leader });
  return { ok: true, forwarded: true };
}

function proposeAsLeader(core: Core, proposed: readonly Entry[]): Proposed {
  if (core.progressOf(core.id) === undefined) return { ok: false, reason: "removed" };
  if (core.transferee !== NO_NODE) return { ok: false, reason: "transferring" };

  const entries: NewEntry[] = [];
  let pendingConfIndex = core.pendingConfIndex;
  let refused: ConfChangeRefusal | null = null;
  for (const entry of proposed) {
    const refusal = entry.type === "normal" ? null : refusalOf(core, entry, pendingConfIndex);
    refused ??= refusal;
    entries.push(refusal === null ? entry : { type: "normal", data: new Uint8Array(0) });
    const isChange = entry.type !== "normal" && refusal === null;
    if (isChange) pendingConfIndex = logIndex(core.log.lastIndex + entries.length);
  }
  const index = appendOwn(core, entries);
  if (index === null) return { ok: false, reason: "overloaded" };
  core.pendingConfIndex = pendingConfIndex;
  broadcastAppend(core);
  return { ok: true, forwarded: false, index, term: core.term, refused };
}

function refusalOf(core: Core, entry: Entry, pendingConfIndex: LogIndex): ConfChangeRefusal | null {
  // Refused whatever the settings are: receivers would drop the entry, and no entry behind it could ever be
  // committed.
  if (!isReadable(entry)) return "malformed";
  const { changes } = decodeConfChange(entry.data);
  if (outgrows(core, changes)) return "malformed";
  if (core.config.disableConfChangeValidation) return null;
  if (pendingConfIndex > core.log.applied) return "change-pending";
  const wantsToLeave = changes.length === 0;
  if (isJoint(core.membership.configuration)) return wantsToLeave ? null : "joint";
  return wantsToLeave ? "not-joint" : null;
}

/** Whether the change could lead to a configuration that receivers of its snapshot would drop. */
function outgrows({ membership }: Core, changes: readonly ConfOperation[]): boolean {
  const added = changes.filter(({ kind }) => kind === "add-voter" || kind === "add-learner");
  if (added.length === 0) return false;
  const members = new Set([...membership.progress.keys(), ...added.map(({ node }) => node)]);
  return members.size > CONFIGURATION_MAX;
}
