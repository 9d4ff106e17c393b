// When a fenced replica requests votes after all (ADR-0017). Its state is wrong, so it should not lead. But
// its log is right, and may be the newest one left. Then no other can be elected (Raft §5.4.1), and the
// cluster stands still. So after a long time without a leader it campaigns. It leads until another has caught
// up, serves nothing, and hands over (replica.ts). What must stay true: as long as another replica can be
// elected, that one is.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Message } from "../../raft/message.ts";
import { asksForVote } from "../group/message-questions.ts";

// By then each of the others has requested votes several times.
const ELECTION_TIMEOUTS = 5;

export interface LastResortOptions {
  readonly trust: { readonly isFenced: boolean };
  readonly electionMs: number;
  readonly now: () => MonotonicMs;
}

export class LastResort {
  readonly #options: LastResortOptions;
  /** When it would first have requested votes since it last heard a leader. */
  #sinceMs: MonotonicMs | null = null;

  constructor(options: LastResortOptions) {
    this.#options = options;
  }

  /**
   * Whether the message may be sent. To be called with each sent message: an answer to a leader shows that
   * there is one.
   */
  lets(message: Message): boolean {
    const { trust, electionMs, now } = this.#options;
    if (answersLeader(message)) this.#sinceMs = null;
    if (!trust.isFenced || !asksForVote(message)) return true;
    this.#sinceMs ??= now();
    return now() - this.#sinceMs >= ELECTION_TIMEOUTS * electionMs;
  }
}

function answersLeader({ type }: Message): boolean {
  return type === "MsgHeartbeatResp" || type === "MsgAppResp";
}
