// What happened in a run. A running hash of all of it compares two runs, and the last lines explain a failure.

import type { EventQueue } from "./event-queue.ts";

const LINES_KEPT = 60;

export class Trace {
  readonly #clock: EventQueue;
  readonly #onLine: (line: string) => void;
  readonly #lines: string[] = [];
  #count = 0;
  #hash = 0x811c9dc5;

  /** `onLine` gets every line, also those that are not kept. */
  constructor(clock: EventQueue, onLine: (line: string) => void = () => undefined) {
    this.#clock = clock;
    this.#onLine = onLine;
  }

  note(what: string): void {
    const line = `${this.#clock.nowMs.toFixed(3)} ${what}`;
    this.#lines[this.#count % LINES_KEPT] = line;
    this.#count += 1;
    this.#onLine(line);
    for (let at = 0; at < line.length; at++) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(at), 0x01000193);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** Eight hexadecimal digits: equal for runs in which the same things happened at the same moments. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** The newest last. */
  lastLines(): string[] {
    const split = this.#count % LINES_KEPT;
    return [...this.#lines.slice(split), ...this.#lines.slice(0, split)];
  }
}
