// Streams that this end closed while the caller was still sending. Frames that crossed the close are dropped (RFC 9113,
// 5.1). On any other closed stream nothing but resets, windows and priorities may come. What must stay true: few numbers
// are kept, however many streams a connection has. Streams as old as the last forgotten one get the benefit of the doubt.

/** Of one connection. A stream leaves them with the caller's end or reset, so most connections have none. */
export const REMEMBERED_MAX = 128;

export class ClosedStreams {
  readonly #ids: number[] = [];
  #forgotten = 0;

  /** Closed by this end: the caller may not have heard of it. */
  add(id: number): void {
    this.#ids.push(id);
    if (this.#ids.length > REMEMBERED_MAX)
      this.#forgotten = Math.max(this.#forgotten, this.#ids.shift() ?? 0);
  }

  /** The caller has closed its side too. */
  ended(id: number): void {
    const place = this.#ids.indexOf(id);
    if (place >= 0) this.#ids.splice(place, 1);
  }

  /** Whether a frame of this closed stream may have been on its way when it closed. */
  mayCross(id: number): boolean {
    return id <= this.#forgotten || this.#ids.includes(id);
  }
}
