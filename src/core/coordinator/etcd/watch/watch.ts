// One watch: which keys and which kinds of events, and how far its watcher has been told.

import type { Event } from "../../../wire/gen/etcd/mvccpb/kv.ts";

/** What a watcher asks for. */
export interface Watched {
  readonly key: Uint8Array;
  /** As in a request. */
  readonly rangeEnd: Uint8Array;
  /** 0 = from now on. */
  readonly startRevision: number;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly prevKv: boolean;
}

/** Who is told. It buffers what it is given: the hub asks first whether it is full. */
export interface Watcher {
  /** Whether a watch should get nothing now. `WatchHub.wake` is called when that changes. */
  isFullFor(watch: Watch): boolean;
  /**
   * All events of whole revisions, in order; the key space was at `revision`. `hasMore`: they are a part of one large
   * revision, and the next call for this watch has the next part.
   */
  events(watch: Watch, events: readonly Event[], revision: number, hasMore: boolean): void;
  /** Its next event is gone: the watch has ended. */
  compacted(watch: Watch, compactRevision: number): void;
  /** Telling it has thrown: the watch has ended, and the others continue. */
  failed(error: unknown): void;
}

export interface Watch extends Watched {
  readonly watcher: Watcher;
  /** The first revision whose events it has not got. */
  next: number;
  /** Of that revision's changes, the first one that it has not got. 0, except in a large revision. */
  nextSub: number;
  /** Whether it gets new events as they come; otherwise it reads history first. */
  isSynced: boolean;
}

const DELETE = 1;

/** Whether the watcher wants an event of a key that it watches. */
export function wants({ noPut, noDelete, next }: Watch, { type, kv }: Event): boolean {
  if (type === DELETE ? noDelete : noPut) return false;
  return (kv?.modRevision ?? 0) >= next;
}
