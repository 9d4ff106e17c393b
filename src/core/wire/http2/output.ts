// What a connection sends. Frames of one turn leave in one write, and one write is under way at a time; what comes
// meanwhile waits for its end. So there are three states, and one way out of each:
//   idle      → a frame comes       → scheduled
//   scheduled → the turn ends       → writing
//   writing   → the write has left  → scheduled frames are written, or idle
// What must stay true: bytes wait only while a write is scheduled or under way, so a call that waits for room is told. A
// broken socket tells no call: the socket's end does.

import { assert } from "../../base/assert.ts";

/** Part of a socket. */
export interface Sink {
  write(bytes: Uint8Array, written: (error?: Error | null) => void): unknown;
}

/** Beyond it data wait in their streams. */
const DATA_WAIT_AT = 64 * 1024;
/** Beyond it the connection is not read: only what is read can make more than data alone. */
export const READING_STOPS_AT = 2 * DATA_WAIT_AT;

type State = "idle" | "scheduled" | "writing" | "over";

export class Output {
  readonly #sink: Sink;
  readonly #onRoom: () => void;
  #state: State = "idle";
  #frames: Buffer[] = [];
  #bytes = 0;
  /** Since the connection began: bytes that were pushed, and those that have left. */
  #pushed = 0;
  #left = 0;

  /** `onRoom`: called after each write that made room. */
  constructor(sink: Sink, onRoom: () => void) {
    this.#sink = sink;
    this.#onRoom = onRoom;
  }

  get isFull(): boolean {
    return this.#bytes >= DATA_WAIT_AT;
  }

  get isOverfull(): boolean {
    return this.#bytes >= READING_STOPS_AT;
  }

  /** All that was pushed so far; see `hasLeft`. */
  get pushed(): number {
    return this.#pushed;
  }

  /** Whether all that had been pushed then was taken by the system. */
  hasLeft(pushed: number): boolean {
    return this.#left >= pushed;
  }

  get state(): State {
    return this.#state;
  }

  push(frame: Buffer): void {
    if (this.#state === "over") return;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#pushed += frame.length;
    if (this.#state !== "idle") return;
    this.#state = "scheduled";
    process.nextTick(() => this.flush());
  }

  /** Writes what is scheduled at once. */
  flush(): void {
    if (this.#state !== "scheduled") return;
    const [only] = this.#frames;
    assert(only !== undefined, "a scheduled write has bytes");
    const bytes = this.#frames.length === 1 ? only : Buffer.concat(this.#frames, this.#bytes);
    this.#frames = [];
    this.#bytes = 0;
    this.#state = "writing";
    this.#sink.write(bytes, (error) => {
      if (error) this.end();
      else this.#written(bytes.length);
    });
  }

  /** Nothing is written any more; returns what was not. */
  end(): Buffer {
    const rest = Buffer.concat(this.#frames);
    this.#state = "over";
    this.#frames = [];
    this.#bytes = 0;
    return rest;
  }

  #written(bytes: number): void {
    this.#left += bytes;
    if (this.#state === "over") return;
    assert(this.#state === "writing", "one write is under way at a time");
    this.#state = this.#bytes > 0 ? "scheduled" : "idle";
    this.flush();
    this.#onRoom();
  }
}
