// The events of a key or range out of the history, for a watch that starts in the past or fell behind.

import type { Event } from "../wire/gen/etcd/mvccpb/kv.ts";
import { type History, isTombstone } from "./history.ts";
import { concerns, rangeOf } from "./key-bytes.ts";
import { type Refused, refused } from "./key-error.ts";
import type { Revisions } from "./range.ts";

export type EventsSince =
  | {
      readonly ok: true;
      readonly events: readonly Event[];
      readonly next: number;
      /** Of the changes of `next`, the first one that is not among the events. 0: none of them is. */
      readonly nextSub: number;
    }
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
  /** Without it revisions are whole, and events of both kinds are wanted. */
  readonly watching?: Watching;
}

interface Watching {
  /** Of the revision's changes, the first one that is wanted. */
  readonly sub: number;
  /** A revision with more bytes of events is read in parts, each as long as an answer. */
  readonly revisionBytesMax: number;
  readonly noPut: boolean;
  readonly noDelete: boolean;
}

/** A look at a version costs less than a microsecond: this much is some milliseconds of one turn. */
const VERSIONS_MAX = 8_192;
const EVENT = { put: 0, delete: 1 } as const;
const WHOLE: Watching = {
  ...{ sub: 0, revisionBytesMax: Number.POSITIVE_INFINITY },
  ...{ noPut: false, noDelete: false },
};

/** The batch ends between two revisions, or in a large one of which it has nothing else. */
export function readEvents(
  history: History,
  { current, compacted }: Revisions,
  request: EventsRequest,
): EventsSince {
  const { revision, key, rangeEnd, bytesMax, prevKv, watching = WHOLE } = request;
  if (revision < compacted) return refused("compacted");
  const range = rangeOf(key, rangeEnd);
  const events: Event[] = [];
  let bytes = 0;
  let seen = 0;
  let last = watching.sub > 0 ? revision : 0;
  /** Where the last revision begins. */
  let begun = { events: 0, bytes: 0 };
  /** Where a first part of the first revision would end. */
  let part: { readonly events: number; readonly sub: number } | null = null;
  for (const { kv, sub, before } of history.since(revision, watching.sub)) {
    const next = kv.modRevision;
    const isFull = events.length >= request.eventsMax || bytes >= bytesMax;
    if (next > last) {
      const hasRest = last === revision && watching.sub > 0;
      if (isFull || hasRest || seen >= VERSIONS_MAX) return { ok: true, events, next, nextSub: 0 };
      begun = { events: events.length, bytes };
      last = next;
    }
    seen += 1;
    const isDeletion = isTombstone(kv);
    if ((isDeletion ? watching.noDelete : watching.noPut) || !concerns(key, range, kv.key)) continue;
    const size = kv.key.length + kv.value.length + (prevKv ? history.sizeOf(before) : 0);
    if (begun.events === 0 && events.length > 0 && (isFull || bytes + size > bytesMax)) {
      part ??= { events: events.length, sub };
    }
    const isLarge = watching.sub > 0 || bytes + size - begun.bytes > watching.revisionBytesMax;
    if (isLarge && begun.events > 0) {
      return { ok: true, events: events.slice(0, begun.events), next, nextSub: 0 };
    }
    if (isLarge && part !== null) {
      return { ok: true, events: events.slice(0, part.events), next, nextSub: part.sub };
    }
    bytes += size;
    events.push({ type: isDeletion ? EVENT.delete : EVENT.put, kv, prevKv: undefined });
  }
  return { ok: true, events, next: Math.max(revision, current + 1), nextSub: 0 };
}
