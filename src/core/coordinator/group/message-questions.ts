// What a driver needs to know about a message from its core. Pure.

import type { NodeId } from "../../base/ids.ts";
import { isForced } from "../../raft/election.ts";
import { APPEND_THREAD, type ConfState, type Message } from "../../raft/message.ts";
import { comesFromHere } from "../../raft/well-formed.ts";
import type { Machine } from "./machine.ts";

export function asksDisk({ to, entries }: Message): boolean {
  return to === APPEND_THREAD && entries.length > 0;
}

export function bringsSnapshot({ to, snapshot }: Message): boolean {
  return to === APPEND_THREAD && snapshot !== null;
}

/** Why the core does not get a peer's message; null = it does. */
export function refusalOf(
  message: Message,
  self: NodeId,
  machine: Pick<Machine<unknown>, "knows">,
): "malformed" | "unknown-command" | null {
  if (comesFromHere(message, self)) return "malformed";
  return hasUnknownCommand(message, machine) ? "unknown-command" : null;
}

// This replica would stop where it applies the entry (ADR-0021). A leader of a newer build sends none before the cluster
// version allows it, and then only to replicas that know that version (ADR-0015).
function hasUnknownCommand({ type, entries }: Message, machine: Pick<Machine<unknown>, "knows">): boolean {
  if (type !== "MsgApp") return false;
  return entries.some(
    (entry) => entry.type === "normal" && entry.data.length > 0 && !machine.knows(entry.data),
  );
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
