// Fills in the fields that a kind of message does not use, so that every message has the same shape.

import { logIndex, term } from "../base/ids.ts";
import { type Message, type MessageType, NO_NODE } from "./message.ts";

const NO_BYTES = new Uint8Array(0);

/** A message without `from` and `term`; its sender sets them. */
export function newMessage(type: MessageType, parts: Partial<Message>): Message {
  return {
    type,
    from: NO_NODE,
    to: NO_NODE,
    term: term(0),
    logTerm: term(0),
    index: logIndex(0),
    commit: logIndex(0),
    vote: NO_NODE,
    reject: false,
    rejectHint: logIndex(0),
    entries: [],
    snapshot: null,
    context: NO_BYTES,
    responses: [],
    ...parts,
  };
}
