// What a driver needs to know about a message from its core. Pure.

import type { NodeId } from "../../base/ids.ts";
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
