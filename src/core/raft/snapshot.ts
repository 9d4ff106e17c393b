// MsgSnap (Raft §7, InstallSnapshot): a follower that is too far behind for appends replaces its log and
// configuration. Its answer is the same as to an append.

import { assert } from "../base/assert.ts";
import { EMPTY_MEMBERSHIP, restoreMembership } from "./changer.ts";
import { contradictionOf } from "./contradiction.ts";
import type { Core } from "./core.ts";
import { followSender } from "./follow.ts";
import type { ConfState, Message, Snapshot } from "./message.ts";
import type { StepError } from "./step-error.ts";

/** MsgSnap: snapshot. */
export function handleSnapshot(core: Core, message: Message): StepError | null {
  if (!followSender(core, message)) return null;
  if (contradictionOf(core.log, message) !== null) return "committed-entries-lost";
  const restored = message.snapshot !== null && restore(core, message.snapshot);
  core.send("MsgAppResp", { to: message.from, index: restored ? core.log.lastIndex : core.log.committed });
  return null;
}

function restore(core: Core, snapshot: Snapshot): boolean {
  assert(core.role === "follower", "only a follower's log is replaced");
  if (snapshot.index <= core.log.committed) return false;
  if (!isMember(core, snapshot.confState)) return false;
  // "If existing log entry has same index and term as snapshot's last included entry, retain log entries
  // following it" (Figure 13).
  if (core.log.matches(snapshot)) {
    core.log.commitTo(snapshot.index);
    return false;
  }
  core.log.restore(snapshot);
  restoreConfiguration(core, snapshot.confState);
  return true;
}

/** A replica that is not a member ignores the snapshot: that state does not concern it. */
function isMember(core: Core, { voters, learners, votersOutgoing }: ConfState): boolean {
  return [voters, learners, votersOutgoing].some((ids) => ids.includes(core.id));
}

/** Also used at a replica's start, with the stored configuration. */
export function restoreConfiguration(core: Core, confState: ConfState): void {
  core.membership = EMPTY_MEMBERSHIP;
  const restored = restoreMembership(confState, core.newMembers);
  assert(restored.ok, "a stored configuration can be rebuilt");
  core.membership = restored.membership;
}
