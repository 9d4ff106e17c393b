// Tells watchers of events, from any revision that history still has and then as they come. What must stay true: a
// watch gets each event that it wants once, in the order of revisions. It gets all events of a revision together, or in
// parts if they are very large. A full watcher gets nothing and costs no memory: it reads history again when it has room.
// A pass of the event loop tells watchers for some milliseconds, and the next one tells the others. Many events of very
// many ranges, and news that come faster than they are told, are read from history. A watcher that throws ends alone.

import { present } from "../../../base/assert.ts";
import type { MonotonicMs } from "../../../base/clock.ts";
import type { Applied } from "../../../kv/key-response.ts";
import type { Event } from "../../../wire/gen/etcd/mvccpb/kv.ts";
import type { KeysView } from "../../group/keys-machine.ts";
import { HistoryReads } from "./history-reads.ts";
import { withPrevious } from "./previous.ts";
import { type Watch, type Watched, type Watcher, wants } from "./watch.ts";
import { keptBytesOf } from "./watch-encoding.ts";
import { WatchedKeys } from "./watched-keys.ts";

/** Events for the watches of one key or range, of which the first ones were told. */
interface Telling {
  /** Those that were not told yet. */
  readonly watches: Iterator<Watch, undefined>;
  readonly events: readonly Event[];
  /** Of them, those that watches with the same filters want. */
  readonly filtered: Map<string, readonly Event[]>;
  /** The revision of the key space when they were matched. */
  readonly through: number;
}

export interface WatchHubOptions {
  /** The key space now; null while there is none to read. It is another object after a restore. */
  readonly space: () => KeysView | null;
  /** Calls `work` in a later pass of the event loop. */
  readonly later: (work: () => void) => void;
  readonly now: () => MonotonicMs;
}

/** After so long in a pass no further watch is told news in it. */
export const TELLING_MS_MAX = 5;
/** Of the news of a pass, in all lists of keys and ranges. The watches of further ones read history. */
export const MATCHED_MAX = 200_000;
/** News that wait while others are told. Beyond it all watches read history. */
const NEWS_MAX = 100_000;
/** Of the news that a watch is told at once. */
const TOLD_BYTES_MAX = 4 * 1024 * 1024;
/** After so long in a pass no further watch reads history in it. One alone takes some milliseconds at most. */
export const READING_MS_MAX = 2;

export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #synced = new WatchedKeys();
  /** The watches that still read history, or whose watchers were full. Those that waited longest come first. */
  readonly #behind = new Set<Watch>();
  readonly #history = new HistoryReads();
  /** Events that no watch was told yet, and events that only some watches were told. */
  #news: Event[] = [];
  readonly #tellings: Telling[] = [];
  /** The synced watches were told all through this revision, but for the news and the tellings. */
  #through = 0;
  #isScheduled = false;

  constructor(options: WatchHubOptions) {
    this.#options = options;
  }

  /** To be called while there is a key space. */
  add(watched: Watched, watcher: Watcher): Watch {
    const space = present(this.#options.space(), "a watch begins at a revision");
    const { startRevision } = watched;
    const next = startRevision > 0 ? startRevision : space.currentRevision + 1;
    const watch = { ...watched, watcher, next, nextSub: 0, isSynced: next > space.currentRevision };
    if (watch.isSynced) this.#synced.add(watch);
    else this.#behind.add(watch);
    if (!watch.isSynced) this.wake();
    return watch;
  }

  remove(watch: Watch): void {
    this.#synced.remove(watch);
    watch.isSynced = false;
    this.#behind.delete(watch);
  }

  /** `behind`: those that still read history, or whose watchers are full. */
  get counts(): { readonly all: number; readonly behind: number } {
    const behind = this.#behind.size;
    return { all: behind + [...this.#synced.all()].length, behind };
  }

  /** Entries were applied. */
  applied(entries: readonly Applied[]): void {
    if (this.#synced.isEmpty) return;
    for (const { events } of entries) for (const event of events) this.#news.push(event);
    if (this.#news.length > 0) this.wake();
  }

  /** A snapshot has replaced the key space: watches read what they missed from its history. */
  restored(): void {
    this.#allFallBehind();
    this.wake();
  }

  /** There may be something to tell: the state has changed, or a watcher has room again. */
  wake(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.later(() => {
      this.#isScheduled = false;
      this.#run();
    });
  }

  /** The revision through which all of `watches` have got every event; null if one of them has not. */
  toldAll(watches: Iterable<Watch>): number | null {
    const space = this.#options.space();
    if (space === null) return null;
    this.#tellNews(space);
    if (this.#news.length + this.#tellings.length > 0) return null;
    for (const watch of watches) {
      if (!watch.isSynced || watch.startRevision > space.currentRevision) return null;
    }
    return space.currentRevision;
  }

  #run(): void {
    const space = this.#options.space();
    // A restore follows.
    if (space === null) return;
    this.#tellNews(space);
    const beganMs = this.#options.now();
    for (const watch of [...this.#behind]) {
      // The end of another one may have ended it, too.
      if (!this.#behind.has(watch) || this.#isFull(watch)) continue;
      this.#attempt(watch, () => this.#tellHistory(space, watch));
      if (this.#options.now() - beganMs >= READING_MS_MAX) break;
    }
    if (this.#behind.size === 0) this.#history.forget();
    if (this.#news.length + this.#tellings.length > 0 || this.#areBehindWithRoom()) this.wake();
  }

  #areBehindWithRoom(): boolean {
    for (const watch of this.#behind) if (!this.#isFull(watch)) return true;
    return false;
  }

  #tellNews(space: KeysView): void {
    const beganMs = this.#options.now();
    for (;;) {
      const [telling] = this.#tellings;
      if (telling === undefined) {
        if (this.#news.length === 0) return;
        this.#match(space);
        continue;
      }
      const { done, value: watch } = telling.watches.next();
      if (done === true) {
        this.#tellings.shift();
        continue;
      }
      if (watch.isSynced) this.#attempt(watch, () => this.#notify(watch, telling));
      if (this.#options.now() - beganMs >= TELLING_MS_MAX) break;
    }
    if (this.#news.length > NEWS_MAX) this.#allFallBehind();
  }

  /** The news become tellings. */
  #match(space: KeysView): void {
    const news = this.#news;
    this.#news = [];
    const { currentRevision: through } = space;
    let left = MATCHED_MAX;
    for (const { count, watches, events } of this.#synced.matching(news)) {
      left -= count;
      if (left >= 0) this.#tellings.push(tellingOf(watches, events(), through));
      else for (const watch of [...watches]) this.#fallBehind(watch, revisionOf(news));
    }
    this.#through = through;
  }

  #allFallBehind(): void {
    for (const { watches, events } of this.#tellings.splice(0)) {
      for (;;) {
        const { done, value: watch } = watches.next();
        if (done === true) break;
        if (watch.isSynced) this.#fallBehind(watch, revisionOf(events));
      }
    }
    this.#news = [];
    for (const watch of [...this.#synced.all()]) this.#fallBehind(watch, this.#through + 1);
  }

  #notify(watch: Watch, telling: Telling): void {
    const { events, through } = telling;
    if (watch.watcher.isFullFor(watch)) {
      this.#fallBehind(watch, revisionOf(events));
      return;
    }
    const wanted = revisionOf(events) < watch.next ? wantedOf(watch, events) : wantedByAll(telling, watch);
    if (this.#isMuch(watch, wanted)) {
      this.#fallBehind(watch, revisionOf(events));
      return;
    }
    watch.next = Math.max(watch.next, through + 1);
    if (wanted.length > 0) watch.watcher.events(watch, wanted, through, false);
  }

  #tellHistory(space: KeysView, watch: Watch): void {
    const { next, nextSub, watcher } = watch;
    const read = this.#history.read(space, watch);
    this.#behind.delete(watch);
    if (!read.ok) {
      watcher.compacted(watch, space.compactRevision);
      return;
    }
    const { events } = read;
    watch.next = Math.max(next, read.next);
    watch.nextSub = read.nextSub;
    watch.isSynced = watch.next > space.currentRevision;
    if (watch.isSynced) this.#synced.add(watch);
    else this.#behind.add(watch);
    // A compaction may have freed the rest of a revision, whose end the watcher is told too.
    const hasMore = read.nextSub > 0;
    if (events.length > 0 || nextSub > 0) watcher.events(watch, events, space.currentRevision, hasMore);
  }

  /** Whether the news are read from history instead, as fast as the watcher takes them. */
  #isMuch({ prevKv }: Watch, events: readonly Event[]): boolean {
    const told = prevKv ? withPrevious(events, this.#options.space()) : events;
    return keptBytesOf(told) > TOLD_BYTES_MAX;
  }

  #isFull(watch: Watch): boolean {
    let isFull = true;
    this.#attempt(watch, () => {
      isFull = watch.watcher.isFullFor(watch);
    });
    return isFull;
  }

  #attempt(watch: Watch, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.remove(watch);
      watch.watcher.failed(error);
    }
  }

  /** It has been told all before the revision. */
  #fallBehind(watch: Watch, revision: number): void {
    watch.next = Math.max(watch.next, revision);
    this.#synced.remove(watch);
    watch.isSynced = false;
    this.#behind.add(watch);
  }
}

/** Of the first one. */
const revisionOf = ([first]: readonly Event[]): number => first?.kv?.modRevision ?? 0;

const wantedOf = (watch: Watch, events: readonly Event[]): readonly Event[] =>
  events.filter((event) => wants(watch, event));

function tellingOf(watches: ReadonlySet<Watch>, events: readonly Event[], through: number): Telling {
  return { watches: watches.values(), events, filtered: new Map(), through };
}

/** For a watch that was told none of them. */
function wantedByAll({ events, filtered }: Telling, watch: Watch): readonly Event[] {
  const { noPut, noDelete } = watch;
  if (!noPut && !noDelete) return events;
  const name = `${noPut} ${noDelete}`;
  const found = filtered.get(name) ?? wantedOf(watch, events);
  filtered.set(name, found);
  return found;
}
