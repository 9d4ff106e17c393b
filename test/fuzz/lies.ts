// What a member's certificate must not send in a run: a lie that a correct member could have told. Raft has no
// defence against such a lie (ADR-0023). Everything else may go. That includes an append with a command at which a
// replica would stop, since no correct member sends that.

import { FLEET_GROUP, logIndex } from "../../src/core/base/ids.ts";
import { decodeCommand } from "../../src/core/fleet/command-codec.ts";
import {
  ForwardKeysRequest,
  type GroupMessage,
  RaftEntryType,
  RaftFrame,
  RejoinRequest,
} from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { writers } from "../../src/core/wire/server/method-rules.ts";
import { parseIdentity } from "../../src/core/wire/tls/identity.ts";
import type { CallName } from "./call-maker.ts";

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
      (item) =>
        (item.message !== undefined &&
          BELIEVED.has(item.message.type) &&
          isPlausible(item.message.term) &&
          !wouldStop(item)) ||
        (item.stateCheck !== undefined && isPlausible(item.stateCheck.term)),
    )
  );
}

/** As the replica says that applies it, not as the one that takes it in. */
function wouldStop({ groupId, message }: GroupMessage): boolean {
  if (groupId !== FLEET_GROUP || message?.type !== "MsgApp") return false;
  return message.entries.some(({ type, data }) => {
    if (type !== RaftEntryType.NORMAL || data.length === 0) return false;
    try {
      decodeCommand(logIndex(1), data);
      return false;
    } catch {
      return true;
    }
  });
}

/**
 * The same of a call. One lie says that it has lost its disk, so that it is removed and learns again. The other says
 * that an administrator or an operator wants other members.
 */
export function callCouldBeBelieved(name: CallName, bytes: Uint8Array, member: number): boolean {
  try {
    if (name === "Rejoin") return RejoinRequest.decode(bytes).nodeId === member;
    const { kind, caller } = ForwardKeysRequest.decode(bytes);
    const client = parseIdentity(caller);
    return kind !== undefined && !OF_KEYS.has(kind.$case) && client !== null && writers(client);
  } catch {
    return false;
  }
}

const OF_KEYS: ReadonlySet<string> = new Set(["operation", "renewLease", "leaseRemaining"]);
