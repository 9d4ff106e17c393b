// Limits how much of one pass of the event loop is spent on messages of streams. A read of 64 KB may hold 13 000 empty
// messages. Each is decoded and handled, and hundreds of connections may be read in one pass. Paced reading counts calls,
// and these begin none. So once messages have used their share of a pass, a stream handles one in each. What must stay
// true: every stream that has messages handles one in every pass. Absent: messages between replicas, which wait for nothing.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Loop } from "../../base/event-loop.ts";

export const MESSAGES_MS = 10;

export class PacedMessages {
  readonly #loop: Pick<Loop, "now" | "nextPass">;
  #waiting: (() => void)[] = [];
  /** When this pass's first message was handled; null = none was. */
  #beganMs: MonotonicMs | null = null;

  constructor(loop: Pick<Loop, "now" | "nextPass">) {
    this.#loop = loop;
  }

  /** A stream has handled a message. False: its next ones wait, and `goOn` is called in the next pass. */
  handled(goOn: () => void): boolean {
    const nowMs = this.#loop.now();
    if (this.#beganMs === null) this.#begin(nowMs);
    else if (nowMs - this.#beganMs >= MESSAGES_MS) {
      this.#waiting.push(goOn);
      return false;
    }
    return true;
  }

  #begin(nowMs: MonotonicMs): void {
    this.#beganMs = nowMs;
    this.#loop.nextPass(() => {
      this.#beganMs = null;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const goOn of waiting) goOn();
    });
  }
}
