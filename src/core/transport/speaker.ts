// Whether a replica speaks as itself: the id in every frame and message must be the one in its certificate.
// Otherwise one stolen key could vote for all replicas, and one misplaced certificate would confuse a whole
// fleet. Pure.

import type { MessageType } from "../raft/message.ts";
import type { RaftFrame } from "../wire/gen/fleet/v1/raft.ts";

/**
 * Messages that a follower forwards to its leader. `from` names the requester or the wanted leader, and
 * nothing is trusted because of it.
 */
const PASSED_ON: ReadonlySet<string> = new Set<MessageType>(["MsgReadIndex", "MsgTransferLeader"]);

export function isPassedOn({ type }: { readonly type: string }): boolean {
  return PASSED_ON.has(type);
}

/** The id that the frame wrongly claims; null if it claims only `speaker`. */
export function claimedBy(frame: RaftFrame, speaker: number): number | null {
  // A peer of an older version does not send its id.
  if (frame.from !== 0 && frame.from !== speaker) return frame.from;
  for (const { message } of frame.messages) {
    if (message === undefined || message.from === speaker || isPassedOn(message)) continue;
    return message.from;
  }
  return null;
}
