// What a member's certificate must not send in a run, since Raft has no defence against it (ADR-0023): a lie that a correct
// member could have told. Everything else may go.

import { RaftFrame } from "../../src/core/wire/gen/fleet/v1/raft.ts";

/** As leader, or of what it stored, voted and heard. */
const BELIEVED = new Set([
  "MsgApp",
  "MsgAppResp",
  "MsgVoteResp",
  "MsgPreVoteResp",
  "MsgHeartbeat",
  "MsgHeartbeatResp",
]);
/** No run raises terms so far, and no replica follows so far. */
const ABSURD_MIN = 2 ** 31;

/** `term`: below it the target takes nothing for new. */
export function couldBeBelieved(bytes: Uint8Array, term: number): boolean {
  let frame: RaftFrame;
  try {
    frame = RaftFrame.decode(bytes);
  } catch {
    return false;
  }
  const isPlausible = (said: number) => said >= term && said < ABSURD_MIN;
  return (
    frame.members.length > 0 ||
    frame.messages.some(
      ({ message, stateCheck }) =>
        (message !== undefined && BELIEVED.has(message.type) && isPlausible(message.term)) ||
        (stateCheck !== undefined && isPlausible(stateCheck.term)),
    )
  );
}
