// Why a leader does not send a snapshot to the follower that needs it: pure. The core is told that it did not
// arrive, and asks again with the follower's next answer. What must stay true: an untrusted state is never
// sent in a snapshot (ADR-0017).

import type { LogIndex, NodeId } from "../../base/ids.ts";
import type { Message } from "../../raft/message.ts";
import { isMember } from "./message-questions.ts";

/** Whether the snapshot at this index may go to the follower (state-checks.ts). */
export type MaySend = (follower: NodeId, snapshot: LogIndex) => boolean;

export type HeldFor =
  /**
   * The snapshot is from before the follower became a member, so the follower always refuses it. A new
   * snapshot is due at once.
   */
  | "not-a-member"
  /** No checkpoint has confirmed it yet, or this replica's state is wrong. */
  | "unconfirmed";

/** Null: the message is sent. Without `maySend` the group's replicas do not compare their states. */
export function whyHeld({ snapshot, to }: Message, maySend?: MaySend): HeldFor | null {
  if (snapshot === null) return null;
  if (!isMember(snapshot.confState, to)) return "not-a-member";
  if (maySend?.(to, snapshot.index) === false) return "unconfirmed";
  return null;
}
