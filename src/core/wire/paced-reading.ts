// How much of a pass of the event loop goes into reading new calls. Node reads up to 2 MB of each socket in one pass, and
// makes a stream of every call in it: thousands of them, before a timer or another socket has its turn. So once new calls
// have had their share of a pass, the connections that bring calls are read on in the next one. What is not read waits in
// the kernel and then at the client, so a burst costs no memory here either.
// What must stay true: every connection is read in every pass until the share is used up, and the one that was read last
// is the last to be read again. What Node had begun to read (64 KB) it still takes.

import type { MonotonicMs } from "../base/clock.ts";
import type { Loop } from "../base/event-loop.ts";

export const READ_MS = 10;

/** Of whose socket reading can be stopped. */
export interface ReadConnection {
  stopReading(): void;
  /** False: what is sent on it has to leave first. */
  readOn(): boolean;
}

export class PacedReading {
  readonly #loop: Loop;
  /** Those that have brought calls; the one that did so last is the last. */
  readonly #connections = new Set<ReadConnection>();
  /** When this pass's first call came; null = none has. */
  #beganMs: MonotonicMs | null = null;
  #isStopped = false;
  /** Those that are not read for a while. */
  readonly #resting = new Set<ReadConnection>();

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  /** A new call has come on this connection. */
  brought(connection: ReadConnection): void {
    this.#connections.delete(connection);
    this.#connections.add(connection);
    const nowMs = this.#loop.now();
    if (this.#beganMs === null) this.#begin(nowMs);
    else if (this.#isStopped) connection.stopReading();
    else if (nowMs - this.#beganMs >= READ_MS) this.#stop();
  }

  closed(connection: ReadConnection): void {
    this.#connections.delete(connection);
    this.#resting.delete(connection);
  }

  /** It is not read for so long: what it brings would be refused, and waits in the kernel and then at the client. */
  rest(connection: ReadConnection, forMs: number): void {
    if (this.#resting.has(connection)) return;
    this.#resting.add(connection);
    connection.stopReading();
    this.#wake(connection, forMs);
  }

  #wake(connection: ReadConnection, afterMs: number): void {
    setTimeout(() => {
      if (!this.#resting.has(connection)) return;
      // Nobody else would try again.
      if (!connection.readOn()) this.#wake(connection, afterMs);
      else this.#resting.delete(connection);
    }, afterMs).unref();
  }

  #begin(nowMs: MonotonicMs): void {
    this.#beganMs = nowMs;
    this.#loop.nextPass(() => {
      this.#beganMs = null;
      if (!this.#isStopped) return;
      this.#isStopped = false;
      for (const connection of this.#connections) {
        if (!this.#resting.has(connection)) connection.readOn();
      }
    });
  }

  #stop(): void {
    this.#isStopped = true;
    for (const connection of this.#connections) connection.stopReading();
  }
}
