// Why a leader holds a snapshot back from the follower that needs it: pure. The core is told that it did not arrive, and asks
// again with the follower's next answer. What must stay true: a state that is not believed leaves in no snapshot (ADR-0017).

import type { LogIndex, NodeId } from "../../base/ids.ts";
import type { Message } from "../../raft/message.ts";
import { isMember } from "./message-questions.ts";

/** Whether the snapshot at this index may go to the follower (state-checks.ts). */
export type MaySend = (follower: NodeId, snapshot: LogIndex) => boolean;

export type HeldFor =
  /** From before the follower became a member: it refuses it, however often it comes. A newer one is due at once. */
  | "not-a-member"
  /** No checkpoint has confirmed it yet, or this replica's state is wrong. */
  | "unconfirmed";

/** Null: the message goes. Without `maySend` the group's replicas do not compare their states. */
export function whyHeld({ snapshot, to }: Message, maySend?: MaySend): HeldFor | null {
  if (snapshot === null) return null;
  if (!isMember(snapshot.confState, to)) return "not-a-member";
  if (maySend?.(to, snapshot.index) === false) return "unconfirmed";
  return null;
}
