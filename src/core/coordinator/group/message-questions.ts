// What a driver needs to know about a message from its core. Pure.

import type { NodeId } from "../../base/ids.ts";
import { isForced } from "../../raft/election.ts";
import { APPEND_THREAD, type ConfState, type Message } from "../../raft/message.ts";

export function asksDisk({ to, entries }: Message): boolean {
  return to === APPEND_THREAD && entries.length > 0;
}

export function bringsSnapshot({ to, snapshot }: Message): boolean {
  return to === APPEND_THREAD && snapshot !== null;
}

export function isMember({ voters, learners, votersOutgoing }: ConfState, node: NodeId): boolean {
  return [voters, learners, votersOutgoing].some((ids) => ids.includes(node));
}

export function asksForVote({ type }: Message): boolean {
  return type === "MsgVote" || type === "MsgPreVote";
}

/** Whether the message makes this replica, or another one, take over leadership. */
export function endsByTransfer(message: Message): boolean {
  return message.type === "MsgTimeoutNow" || (message.type === "MsgVote" && isForced(message));
}
