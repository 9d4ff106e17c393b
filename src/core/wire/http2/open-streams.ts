// The open streams of a connection, in the order of their ids. A list instead of a Map: most connections have one call
// after another. Whenever a Map becomes empty, V8 gives it a smaller table. Tables of a map that lives long lie in the old
// generation, so only a full collection frees them. What must stay true: ids only rise (RFC 9113, 5.1.1), so a new stream
// is the last.

import { assert } from "../../base/assert.ts";

interface Numbered {
  readonly id: number;
}

export class OpenStreams<Stream extends Numbered> implements Iterable<Stream> {
  readonly #streams: Stream[] = [];

  get size(): number {
    return this.#streams.length;
  }

  /** Undefined if no such stream is open. */
  get(id: number): Stream | undefined {
    const stream = this.#streams[this.#placeOf(id)];
    return stream?.id === id ? stream : undefined;
  }

  add(stream: Stream): void {
    const last = this.#streams.at(-1);
    assert(last === undefined || stream.id > last.id, "ids of streams only rise");
    this.#streams.push(stream);
  }

  /** Changes nothing if it is not open. */
  remove(stream: Stream): void {
    const place = this.#placeOf(stream.id);
    if (this.#streams[place] !== stream) return;
    if (place === this.#streams.length - 1) this.#streams.pop();
    else this.#streams.splice(place, 1);
  }

  /** Removes all, at once: thousands of removals from the front would each move the rest. */
  takeAll(): readonly Stream[] {
    return this.#streams.splice(0);
  }

  /** The streams must not change meanwhile. */
  [Symbol.iterator](): Iterator<Stream> {
    return this.#streams.values();
  }

  /** Of the first stream with at least this id. */
  #placeOf(id: number): number {
    let [low, high] = [0, this.#streams.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#streams[middle]?.id ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
