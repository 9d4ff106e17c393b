// The sliding window of in-flight appends to one follower, limited by messages and by payload bytes. What
// must stay true: it is first in first out, and a full window takes no message.

import { assert } from "../base/assert.ts";
import type { LogIndex } from "../base/ids.ts";

interface Inflight {
  /** Index of the message's last entry. */
  readonly index: LogIndex;
  readonly bytes: number;
}

export class Inflights {
  readonly #messagesMax: number;
  /** 0 = no limit. */
  readonly #bytesMax: number;
  #messages: Inflight[] = [];
  #bytes = 0;

  constructor(messagesMax: number, bytesMax: number) {
    this.#messagesMax = messagesMax;
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#messages.length;
  }

  /** One message may exceed the limit of bytes; otherwise a single large one could never be sent. */
  get isFull(): boolean {
    return this.count >= this.#messagesMax || (this.#bytesMax !== 0 && this.#bytes >= this.#bytesMax);
  }

  add(index: LogIndex, bytes: number): void {
    assert(!this.isFull, "nothing is added to a full window");
    const last = this.#messages.at(-1);
    assert(last === undefined || last.index < index, "indexes in flight ascend");
    this.#messages.push({ index, bytes });
    this.#bytes += bytes;
  }

  /** An acknowledgement of `index` covers every earlier message too. */
  freeThrough(index: LogIndex): void {
    const kept = this.#messages.findIndex((message) => message.index > index);
    const freed = this.#messages.splice(0, kept === -1 ? this.count : kept);
    for (const message of freed) this.#bytes -= message.bytes;
    assert(this.#bytes >= 0, "no more bytes are freed than were in flight");
  }

  clear(): void {
    this.#messages = [];
    this.#bytes = 0;
  }

  copy(): Inflights {
    const copy = new Inflights(this.#messagesMax, this.#bytesMax);
    copy.#messages = [...this.#messages];
    copy.#bytes = this.#bytes;
    return copy;
  }
}
