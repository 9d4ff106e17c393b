// How a leader appends to its own log. Entries get the current term and the next indexes. The leader
// acknowledges them to itself once they are durable, like any follower. The payload of unapplied entries is
// limited: otherwise the log of a leader without a quorum would grow without bound.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex } from "../base/ids.ts";
import type { Core } from "./core.ts";
import { payloadBytesOf } from "./entry-size.ts";
import type { Entry } from "./message.ts";

export type NewEntry = Pick<Entry, "type" | "data">;

/** Index of the last entry, null if the limit of uncommitted bytes is reached. */
export function appendOwn(core: Core, proposed: readonly NewEntry[]): LogIndex | null {
  assert(core.role === "leader", "only a leader appends entries of its own");
  const before = core.log.lastIndex;
  const entries = proposed.map(({ type, data }, position) => ({
    term: core.term,
    index: logIndex(before + 1 + position),
    type,
    data,
  }));
  if (!reserve(core, payloadBytesOf(entries))) return null;
  core.log.append(entries);
  const last = core.log.lastIndex;
  assert(last === before + entries.length, "a leader's log only grows (leader append-only, Raft §5.3)");
  core.send("MsgAppResp", { to: core.id, index: last });
  return last;
}

/** Empty payloads are never refused: without a new leader's empty entry no entry would ever be committed. */
function reserve(core: Core, bytes: number): boolean {
  const total = core.uncommittedBytes + bytes;
  if (core.uncommittedBytes > 0 && bytes > 0 && total > core.config.uncommittedBytesMax) return false;
  core.uncommittedBytes = total;
  return true;
}

/** Entries were applied. Some may be of earlier leaders and were never counted here. */
export function releaseUncommitted(core: Core, applied: readonly Entry[]): void {
  core.uncommittedBytes = Math.max(core.uncommittedBytes - payloadBytesOf(applied), 0);
}
