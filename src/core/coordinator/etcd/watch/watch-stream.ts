// One stream of etcd's Watch service: its watches by id, and the events that the caller gets of each. What must stay
// true: a caller learns of a watch's creation before its first event, and gets nothing after its cancellation. It gets
// no event of keys that it may not read by now. The stream's buffer is bounded: while it is full, the hub keeps its
// watches waiting. Between two parts of a large revision the caller gets nothing else: etcd's clients put the parts together,
// and another answer would end that.

import type { ServerDuplexStream } from "@grpc/grpc-js";
import { assert } from "../../../base/assert.ts";
import type { Slicing } from "../../../fleet/slices.ts";
import { compareBytes, rangeOf } from "../../../kv/key-bytes.ts";
import type {
  ResponseHeader,
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event } from "../../../wire/gen/etcd/mvccpb/kv.ts";
import type { KeysView } from "../../group/keys-machine.ts";
import { ETCD_ERRORS } from "../etcd-errors.ts";
import type { Headers } from "../headers.ts";
import { cutEvents, fragmentsOf } from "./cut-events.ts";
import { withPrevious } from "./previous.ts";
import type { Watch, Watcher } from "./watch.ts";
import { bytesOfAll } from "./watch-encoding.ts";
import type { WatchHub } from "./watch-hub.ts";

/** The part of a call that is used here. */
type WatchCall = Pick<ServerDuplexStream<WatchRequest, WatchResponse>, "write" | "writableNeedDrain">;

export interface WatchStreamOptions {
  readonly call: WatchCall;
  readonly hub: WatchHub;
  readonly headers: Headers;
  /** The key space now; null while a snapshot replaces it. */
  readonly space: () => KeysView | null;
  /** Whether the caller may read these keys; null: it is not known now. */
  readonly mayRead: (key: Uint8Array, rangeEnd: Uint8Array) => boolean | null;
  /** The same for as long as `mayRead` answers the same; null: it is not known now. */
  readonly readMark: () => unknown;
  /**
   * Room for one more watch of the caller's identity, until the result is called; null if it has too many. `bytes`: of its key
   * and range end.
   */
  readonly takePlace: (bytes: number) => (() => void) | null;
  /** Whether the caller has read enough of what its streams got. */
  readonly mayGetMore: () => boolean;
  /** The stream has room again, after it was full of bytes. */
  readonly hasRoom: () => void;
  /** Calls `work` in a later pass of the event loop. */
  readonly later: (work: () => void) => void;
  /** Ends the call with the answer to a bug. */
  readonly fail: (error: unknown) => void;
}

/** As of etcd's clients: no watch has this id. */
const INVALID_ID = "-1";
/** Of a request that leaves the choice to the server. */
const NO_ID = "0";
/** In one stream. Kubernetes has some hundred. */
const WATCHES_MAX = 10_000;
/** The stream is full when the transport has not taken events of so many bytes. */
const UNSENT_BYTES_MAX = 1024 * 1024;
/** With a thousand patterns, some milliseconds. */
const REVIEWED_AT_ONCE = 64;
const FROM_FIRST_KEY = new Uint8Array([0]);
const NOPUT = 0;
const NODELETE = 1;

interface Entry {
  /** In decimal: some clients choose ids beyond 2^53 (etcd-cpp-apiv3: the nanoseconds since 1970). */
  readonly id: string;
  readonly watch: Watch;
  readonly fragment: boolean;
  readonly notifies: boolean;
  readonly leave: () => void;
  /** Whether it was told something since the last progress report. */
  wasTold: boolean;
  /** The mark at which its caller was last found to be allowed to read its keys. */
  readMark: unknown;
}

export class WatchStream implements Watcher {
  readonly #options: WatchStreamOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #ids = new Map<Watch, Entry>();
  #nextId = 0;
  #unsentBytes = 0;
  /** The watch that has got a part of a revision, and not the rest. */
  #midway: Entry | null = null;
  /** The answers that wait for the rest. */
  #held: { readonly response: Partial<WatchResponse>; readonly header: ResponseHeader }[] = [];
  #isProgressWanted = false;
  /** The mark at which all watches were reviewed last. */
  #reviewed: unknown = null;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
  }

  /** Whether requests wait, too. */
  get isFull(): boolean {
    return this.#midway !== null || this.#lacksRoom;
  }

  isFullFor(watch: Watch): boolean {
    return (this.#midway !== null && this.#midway.watch !== watch) || this.#lacksRoom;
  }

  /** While it is not known what the caller may read, it is told nothing either. */
  get #lacksRoom(): boolean {
    const { call, readMark, mayGetMore } = this.#options;
    const isFullOfBytes = call.writableNeedDrain || this.#unsentBytes >= UNSENT_BYTES_MAX;
    return isFullOfBytes || readMark() === null || !mayGetMore();
  }

  take({ requestUnion }: WatchRequest): void {
    switch (requestUnion?.$case) {
      case "createRequest":
        this.#create(requestUnion.value);
        return;
      case "cancelRequest":
        this.#cancel(requestUnion.value.watchId);
        return;
      case "progressRequest":
        this.#wantProgress();
        return;
      case undefined:
        return;
    }
  }

  events(watch: Watch, events: readonly Event[], revision: number, hasMore: boolean): void {
    const entry = this.#ids.get(watch);
    if (entry === undefined || !this.#mayStill(entry)) return;
    entry.wasTold = true;
    const told = watch.prevKv ? withPrevious(events, this.#options.space()) : events;
    for (const part of cutEvents(told)) this.#sendPart(entry, part, revision, hasMore);
    if (hasMore) this.#midway = entry;
    else this.#endMidway(entry);
  }

  compacted(watch: Watch, compactRevision: number): void {
    const entry = this.#ids.get(watch);
    if (entry === undefined) return;
    this.#forget(entry);
    this.#send({ watchId: entry.id, canceled: true, compactRevision }, this.#options.headers.at(0));
  }

  failed(error: unknown): void {
    this.#options.fail(error);
  }

  /** To be called from time to time: tells the watches that asked for it how far they are. */
  report(): void {
    if (this.isFull) return;
    for (const entry of this.#entries.values()) {
      if (!entry.notifies) continue;
      const revision = entry.wasTold ? null : this.#options.hub.toldAll([entry.watch]);
      entry.wasTold = false;
      if (revision !== null) this.#send({ watchId: entry.id }, this.#options.headers.at(revision));
    }
  }

  /** Roles may have changed: ends the watches of keys that the caller may not read any more. */
  *review(): Slicing<void> {
    const mark = this.#options.readMark();
    // Unknown: there is another review when it is known.
    if (mark === null || mark === this.#reviewed) return;
    const entries = [...this.#entries.values()];
    for (let at = 0; at < entries.length; at += REVIEWED_AT_ONCE) {
      if (this.#options.readMark() !== mark) return;
      for (const entry of entries.slice(at, at + REVIEWED_AT_ONCE)) {
        if (this.#entries.get(entry.id) === entry) this.#mayStill(entry);
      }
      yield;
    }
    this.#reviewed = mark;
  }

  /** The stream has ended. */
  end(): void {
    for (const { watch, leave } of this.#entries.values()) {
      this.#options.hub.remove(watch);
      leave();
    }
    this.#entries.clear();
    this.#ids.clear();
    this.#held = [];
  }

  /** Whether the caller may read the watch's keys. Otherwise the watch ends. */
  #mayStill(entry: Entry): boolean {
    const mark = this.#options.readMark();
    assert(mark !== null, "a stream whose rights are unknown is full");
    if (entry.readMark === mark) return true;
    const { key, rangeEnd } = entry.watch;
    if (this.#options.mayRead(key, rangeEnd)) {
      entry.readMark = mark;
      return true;
    }
    this.#forget(entry);
    this.#send({ watchId: entry.id, canceled: true, cancelReason: ETCD_ERRORS.permissionDenied.details });
    return false;
  }

  #create(request: WatchCreateRequest): void {
    // Copies: a part of the request's message would keep all of it in memory.
    const key = request.key.length === 0 ? FROM_FIRST_KEY : new Uint8Array(request.key);
    const rangeEnd = new Uint8Array(request.rangeEnd);
    const { startRevision } = request;
    const refusal = this.#refusal({ ...request, key });
    const leave = refusal === null ? this.#options.takePlace(key.length + rangeEnd.length) : null;
    if (leave === null) {
      const cancelReason = refusal ?? ETCD_ERRORS.tooManyRequests.details;
      this.#send({ watchId: INVALID_ID, created: true, canceled: true, cancelReason });
      return;
    }
    const id = request.watchId === NO_ID ? this.#freeId() : request.watchId;
    const watched = {
      ...{ key, rangeEnd, startRevision, prevKv: request.prevKv },
      noPut: request.filters.includes(NOPUT),
      noDelete: request.filters.includes(NODELETE),
    };
    this.#send({ watchId: id, created: true });
    const watch = this.#options.hub.add(watched, this);
    const { fragment, progressNotify: notifies } = request;
    const entry = { id, watch, fragment, notifies, leave, wasTold: true, readMark: this.#options.readMark() };
    this.#entries.set(id, entry);
    this.#ids.set(watch, entry);
  }

  #refusal({ key, rangeEnd, startRevision, watchId }: WatchCreateRequest): string | null {
    if (startRevision < 0) return ETCD_ERRORS.compacted.details;
    const mayRead = this.#options.mayRead(key, rangeEnd);
    if (mayRead === null) return ETCD_ERRORS.stopped.details;
    // As etcd's server formats it.
    if (!mayRead) return `rpc error: code = PermissionDenied desc = ${ETCD_ERRORS.permissionDenied.details}`;
    const range = rangeOf(key, rangeEnd);
    const isEmpty = range !== null && range.to !== null && compareBytes(range.from, range.to) >= 0;
    if (isEmpty) return "mvcc: watcher range is empty";
    if (watchId !== NO_ID && this.#entries.has(watchId)) {
      return "mvcc: duplicate watch ID provided on the WatchStream";
    }
    if (this.#entries.size >= WATCHES_MAX) return ETCD_ERRORS.tooManyRequests.details;
    return this.#options.space() === null ? ETCD_ERRORS.stopped.details : null;
  }

  #freeId(): string {
    while (this.#entries.has(String(this.#nextId))) this.#nextId += 1;
    this.#nextId += 1;
    return String(this.#nextId - 1);
  }

  #cancel(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#forget(entry);
    this.#send({ watchId: id, canceled: true });
  }

  #forget(entry: Entry): void {
    const { id, watch, leave } = entry;
    this.#options.hub.remove(watch);
    leave();
    this.#entries.delete(id);
    this.#ids.delete(watch);
    this.#endMidway(entry);
  }

  /** The watch has got its revision, or has ended: what waited for that is sent, and requests are read again. */
  #endMidway(entry: Entry): void {
    if (this.#midway !== entry) return;
    this.#midway = null;
    for (const { response, header } of this.#held.splice(0)) this.#send(response, header);
    this.#options.later(() => this.#options.hasRoom());
  }

  /** All requests of one pass have one answer: each looks at all watches. */
  #wantProgress(): void {
    if (this.#isProgressWanted) return;
    this.#isProgressWanted = true;
    this.#options.later(() => {
      this.#isProgressWanted = false;
      this.#tellProgress();
    });
  }

  /** As in etcd: while a watch lacks an event, there is no answer. */
  #tellProgress(): void {
    if (this.#entries.size === 0) return;
    const revision = this.#options.hub.toldAll(this.#ids.keys());
    if (revision !== null) this.#send({ watchId: INVALID_ID }, this.#options.headers.at(revision));
  }

  /**
   * Clients that did not ask for fragments get several answers of a very large revision, too. One answer would end their
   * streams, and again at each attempt to pass it.
   */
  #sendPart({ id, fragment }: Entry, events: readonly Event[], revision: number, hasMore: boolean): void {
    const header = this.#options.headers.at(revision);
    const parts = fragment ? fragmentsOf(events) : [events];
    for (const [at, part] of parts.entries()) {
      const isCut = hasMore || at < parts.length - 1;
      this.#send({ watchId: id, fragment: isCut, events: part as Event[] }, header);
    }
  }

  #send(response: Partial<WatchResponse>, header: ResponseHeader = this.#options.headers.now()): void {
    if (this.#midway !== null && response.watchId !== this.#midway.id) {
      this.#held.push({ response, header });
      return;
    }
    const nothing = {
      created: false,
      canceled: false,
      compactRevision: 0,
      cancelReason: "",
      fragment: false,
    };
    const bytes = bytesOfAll(response.events ?? []);
    this.#unsentBytes += bytes;
    this.#options.call.write({ watchId: NO_ID, events: [], ...nothing, ...response, header }, () =>
      this.#taken(bytes),
    );
  }

  #taken(bytes: number): void {
    try {
      const lackedRoom = this.#lacksRoom;
      this.#unsentBytes -= bytes;
      if (lackedRoom && !this.#lacksRoom) this.#options.hasRoom();
    } catch (error) {
      this.failed(error);
    }
  }
}
