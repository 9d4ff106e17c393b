// A stream of watches whose transport takes answers when a test says so.

import { Headers } from "../../../../src/core/coordinator/etcd/headers.ts";
import type { Watch } from "../../../../src/core/coordinator/etcd/watch/watch.ts";
import { WatchHub } from "../../../../src/core/coordinator/etcd/watch/watch-hub.ts";
import { WatchStream } from "../../../../src/core/coordinator/etcd/watch/watch-stream.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { WatchRequest, type WatchResponse } from "../../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { apply, bytes } from "./key-commands.ts";
import { LaterWork } from "./later-work.ts";

export class StreamWorld {
  readonly space = new KeySpace();
  readonly sent: WatchResponse[] = [];
  /** Of the answers that the transport has not taken yet. */
  readonly #taken: (() => void)[] = [];
  readonly #later = new LaterWork();
  places = 1_000;
  /** Of the keys and ranges for which a place was taken. */
  readonly sizes: number[] = [];
  mayGetMore = true;
  looks = 0;
  room = 0;
  readonly hub: WatchHub;
  readonly stream: WatchStream;

  constructor() {
    const later = this.#later.add;
    this.hub = new WatchHub({ space: () => this.space, later, now: () => 0 });
    const toldAll = this.hub.toldAll.bind(this.hub);
    this.hub.toldAll = (watches: Iterable<Watch>) => {
      this.looks += 1;
      return toldAll(watches);
    };
    this.stream = new WatchStream({
      call: { writableNeedDrain: false, write: this.#write as never },
      ...{ hub: this.hub, headers: new Headers("1", 1 as never, () => null), space: () => this.space },
      ...{ mayRead: () => true, readMark: () => 0, mayGetMore: () => this.mayGetMore },
      takePlace: (size) => {
        this.sizes.push(size);
        if (this.places === 0) return null;
        this.places -= 1;
        return () => {
          this.places += 1;
        };
      },
      hasRoom: () => {
        this.room += 1;
        this.hub.wake();
      },
      later,
      fail: (error) => {
        throw error;
      },
    });
  }

  readonly #write = (response: WatchResponse, taken: () => void): boolean => {
    this.sent.push(response);
    this.#taken.push(taken);
    return true;
  };

  do(...kinds: Parameters<typeof apply>[1][]): void {
    this.hub.applied(apply(this.space, ...kinds));
  }

  ask(request: Parameters<typeof WatchRequest.fromPartial>[0]): void {
    this.stream.take(WatchRequest.fromPartial(request));
  }

  watch(startRevision = 0): void {
    this.ask({ requestUnion: { $case: "createRequest", value: { key: bytes("a"), startRevision } } });
  }

  /** The transport takes all answers. */
  take(): void {
    for (const taken of this.#taken.splice(0)) taken();
  }

  settle(): void {
    this.#later.settle();
  }

  get told(): number {
    return this.sent.reduce((sum, { events }) => sum + events.length, 0);
  }
}
