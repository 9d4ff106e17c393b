// The events of a key or range out of the history, for a watch that starts in the past or fell behind.

import type { Event } from "../wire/gen/etcd/mvccpb/kv.ts";
import { type History, isTombstone } from "./history.ts";
import { concerns, rangeOf } from "./key-bytes.ts";
import { type Refused, refused } from "./key-error.ts";
import type { Revisions } from "./range.ts";

export type EventsSince =
  | { readonly ok: true; readonly events: readonly Event[]; readonly next: number }
  /** `error` is "compacted": the watch starts again, at `KeySpace.compactRevision` at the earliest. */
  | Refused;

export interface EventsRequest {
  readonly revision: number;
  readonly key: Uint8Array;
  readonly rangeEnd: Uint8Array;
  /** The answer ends with the revision that reaches one of these. */
  readonly eventsMax: number;
  readonly bytesMax: number;
  /** Whether the versions before are counted too: the caller will read them. */
  readonly prevKv: boolean;
}

/** A look at a version costs less than a microsecond: this much is some milliseconds of one turn. */
const VERSIONS_MAX = 8_192;
const EVENT = { put: 0, delete: 1 } as const;

/** The batch ends between two revisions. */
export function readEvents(
  history: History,
  { current, compacted }: Revisions,
  request: EventsRequest,
): EventsSince {
  const { revision, key, rangeEnd, eventsMax, bytesMax, prevKv } = request;
  if (revision < compacted) return refused("compacted");
  const range = rangeOf(key, rangeEnd);
  const events: Event[] = [];
  let bytes = 0;
  let seen = 0;
  let last = 0;
  for (const { kv, before } of history.since(revision)) {
    const isFull = events.length >= eventsMax || bytes >= bytesMax || seen >= VERSIONS_MAX;
    if (isFull && kv.modRevision > last) return { ok: true, events, next: kv.modRevision };
    seen += 1;
    last = kv.modRevision;
    if (!concerns(key, range, kv.key)) continue;
    bytes += kv.key.length + kv.value.length + (prevKv ? history.sizeOf(before) : 0);
    events.push({ type: isTombstone(kv) ? EVENT.delete : EVENT.put, kv, prevKv: undefined });
  }
  return { ok: true, events, next: Math.max(revision, current + 1) };
}
