// Whether a replica speaks as itself: what it says of itself with every frame and message has to be what its certificate
// says. Otherwise one stolen key could vote for all, and one misplaced certificate would confuse a whole fleet. Pure.

import type { MessageType } from "../raft/message.ts";
import type { RaftFrame } from "../wire/gen/fleet/v1/raft.ts";

/**
 * What a follower passes on to its leader: `from` says whom it is about, the asker or the wanted leader, and nothing
 * is believed because of it.
 */
const PASSED_ON: ReadonlySet<string> = new Set<MessageType>(["MsgReadIndex", "MsgTransferLeader"]);

export function isPassedOn({ type }: { readonly type: string }): boolean {
  return PASSED_ON.has(type);
}

/** As whom the frame speaks that is not `speaker`; null if there is nobody. */
export function claimedBy(frame: RaftFrame, speaker: number): number | null {
  // A peer of an older version does not say who it is.
  if (frame.from !== 0 && frame.from !== speaker) return frame.from;
  for (const { message } of frame.messages) {
    if (message === undefined || message.from === speaker || isPassedOn(message)) continue;
    return message.from;
  }
  return null;
}
