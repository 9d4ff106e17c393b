// Limits how much of one pass of the event loop is spent on reading. Node reads up to 2 MB of each socket in
// one pass and makes a stream of every call in it. These are thousands of streams before a timer or another socket has
// its turn. Bytes without calls cost time too: 64 KB of a socket may be 2 800 records of TLS, each read apart.
// So once reading has used its share of a pass, all connections are read again in the next one. Unread
// data waits in the kernel and then at the client, so a burst costs no memory here. What must stay true: every
// connection is read in every pass until the share is used up. The one that was read last is the last to be read again.
// Data that Node has started to read (64 KB) are still handled.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Loop } from "../../base/event-loop.ts";

export const READ_MS = 10;

/** A connection whose socket's reading can be paused. */
export interface ReadConnection {
  stopReading(): void;
  readOn(): void;
}

export class PacedReading {
  readonly #loop: Pick<Loop, "now" | "nextPass">;
  /** The open connections: last the one that has brought the latest call, or was opened after it. */
  readonly #connections = new Set<ReadConnection>();
  /** The last of them; null = it has closed. */
  #latest: ReadConnection | null = null;
  /** When this pass's first bytes came; null = none have. */
  #beganMs: MonotonicMs | null = null;
  #isStopped = false;

  constructor(loop: Pick<Loop, "now" | "nextPass">) {
    this.#loop = loop;
  }

  /** Otherwise the first calls of hundreds of new connections could come in one pass. */
  opened(connection: ReadConnection): void {
    this.#connections.add(connection);
    this.#latest = connection;
    if (this.#isStopped) connection.stopReading();
  }

  /** A new call has arrived on this connection. */
  brought(connection: ReadConnection): void {
    this.#count(connection);
  }

  /** Bytes have arrived on this connection: of calls, or of none. */
  hasRead(connection: ReadConnection): void {
    this.#count(connection);
  }

  #count(connection: ReadConnection): void {
    if (connection !== this.#latest) {
      this.#connections.delete(connection);
      this.#connections.add(connection);
      this.#latest = connection;
    }
    const nowMs = this.#loop.now();
    if (this.#beganMs === null) this.#begin(nowMs);
    else if (this.#isStopped) connection.stopReading();
    else if (nowMs - this.#beganMs >= READ_MS) this.#stop();
  }

  closed(connection: ReadConnection): void {
    this.#connections.delete(connection);
    if (connection === this.#latest) this.#latest = null;
  }

  #begin(nowMs: MonotonicMs): void {
    this.#beganMs = nowMs;
    this.#loop.nextPass(() => {
      this.#beganMs = null;
      if (!this.#isStopped) return;
      this.#isStopped = false;
      for (const connection of this.#connections) connection.readOn();
    });
  }

  #stop(): void {
    this.#isStopped = true;
    for (const connection of this.#connections) connection.stopReading();
  }
}
