// Whether a group would accept a snapshot, by its head alone: checked before its first byte is kept.

import type { Message } from "../../raft/message.ts";
import { isInReach } from "../../raft/reach.ts";
import type { RaftStatus } from "../../raft/status.ts";
import { isWellFormed } from "../../raft/well-formed.ts";
import type { Untaken } from "../../transport/raft-codec.ts";

interface Taker {
  status(): Pick<RaftStatus, "id" | "term" | "lastIndex">;
}

/** Null: it would, or the group is not here. */
export function judgeSnapshot(taker: Taker | undefined, head: Message): Untaken | null {
  if (taker === undefined) return null;
  const own = taker.status();
  if (!isWellFormed(head, own)) return "malformed";
  return isInReach(head, own) ? null : "out-of-reach";
}
