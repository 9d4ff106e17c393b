// A stream of writes and their answers: writes are submitted in order of arrival, and answered as they
// settle. What must stay true: one stream uses a bounded amount of memory. A write counts until the transport
// has accepted its answer. If a client does not read its answers, its writes are not read either, and not while its
// identity is beyond its limits. The end of a stream does not undo submitted writes; only their answers are lost.

import { assert } from "../../../base/assert.ts";
import { soonOncePerPass } from "../../../base/soon.ts";
import { OUTCOMES_PER_SESSION_MAX } from "../../../fleet/limits.ts";
import type {
  SubmitResponse,
  WriteAnswer,
  WriteAnswers,
  WriteBatch,
  WriteItem,
} from "../../../wire/gen/fleet/v1/coordinator.ts";
import { type RpcError, readRpcError, toStatus } from "../../../wire/rpc-error.ts";
import { SESSION_WINDOW, STREAM_WRITES_MAX } from "../../../wire/write-limits.ts";

assert(SESSION_WINDOW < OUTCOMES_PER_SESSION_MAX, "outcomes of a whole window are remembered");

// Half, so that writes in progress still have room when reading stops.
const UNREAD_ANSWERS_MAX = STREAM_WRITES_MAX / 2;

/** The part of a call that is used here. */
interface Stream {
  on(event: "data", listener: (batch: WriteBatch) => void): unknown;
  on(event: "end" | "cancelled" | "error", listener: () => void): unknown;
  write(message: WriteAnswers, taken: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  end(): unknown;
}

interface Writes {
  /** Counts a write against its identity's limits; an error refuses it. */
  readonly count: () => RpcError | null;
  readonly submit: (item: WriteItem) => Promise<SubmitResponse>;
  /** Rejects with the error for a write that the stream has no room for. */
  readonly refused: () => Promise<never>;
  /** The answer to a write that failed with `error`. */
  readonly refusal: (error: unknown) => RpcError;
}

/** Answers the writes of `stream`: all that settle in one turn in one message. */
export function answerWrites(stream: Stream, writes: Writes): void {
  const answered = new AnsweredStream(stream, writes);
  stream.on("data", (batch: WriteBatch) => answered.take(batch));
  stream.on("end", () => answered.ended());
  stream.on("cancelled", () => answered.lost());
  stream.on("error", () => answered.lost());
}

class AnsweredStream {
  readonly #stream: Stream;
  readonly #writes: Writes;
  readonly #soon = soonOncePerPass();
  /** Writes whose answers the transport has not accepted yet, and the number of answers passed to it. */
  #unanswered = 0;
  #onTheWay = 0;
  #answers: WriteAnswer[] = [];
  #isFlushing = false;
  /** Why the stream is not read. */
  readonly #pauses = new Set<"unread answers" | "too often">();
  #again: NodeJS.Timeout | undefined;
  #hasEnded = false;
  #isLost = false;

  constructor(stream: Stream, writes: Writes) {
    this.#stream = stream;
    this.#writes = writes;
  }

  take(batch: WriteBatch): void {
    if (this.#isLost) return;
    for (const item of batch.items) this.#take(item);
  }

  /** The client sends no more writes, but still waits for answers. */
  ended(): void {
    this.#hasEnded = true;
    this.#endIfDone();
  }

  lost(): void {
    this.#isLost = true;
    this.#answers = [];
    clearTimeout(this.#again);
  }

  #take(item: WriteItem): void {
    const { tag } = item;
    this.#unanswered += 1;
    const limited = this.#count();
    const isFull = this.#unanswered > STREAM_WRITES_MAX;
    const submitted =
      limited !== null
        ? Promise.reject(limited)
        : isFull
          ? this.#writes.refused()
          : this.#writes.submit(item);
    submitted.then(
      (value) => this.#answer({ tag, outcome: { $case: "response", value } }),
      (error: unknown) =>
        this.#answer({ tag, outcome: { $case: "refusal", value: toStatus(this.#writes.refusal(error)) } }),
    );
  }

  /** The client is not read until its identity may write again: a refusal costs about what a write does. */
  #count(): RpcError | null {
    const limited = this.#writes.count();
    if (limited !== null && !this.#pauses.has("too often")) {
      this.#pause("too often");
      const waitMs = readRpcError(limited).retryDelayMs ?? 0;
      this.#again = setTimeout(() => this.#readAgain("too often"), waitMs).unref();
    }
    return limited;
  }

  #pause(why: "unread answers" | "too often"): void {
    this.#pauses.add(why);
    this.#stream.pause();
  }

  #readAgain(why: "unread answers" | "too often"): void {
    if (this.#pauses.delete(why) && this.#pauses.size === 0) this.#stream.resume();
  }

  #answer(answer: WriteAnswer): void {
    if (this.#isLost) return;
    this.#answers.push(answer);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#soon(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#isLost) return;
    const answers = this.#answers;
    this.#answers = [];
    this.#onTheWay += answers.length;
    assert(this.#onTheWay <= this.#unanswered, "only what was taken is answered");
    this.#stream.write({ answers }, () => this.#arrived(answers.length));
    if (this.#onTheWay >= UNREAD_ANSWERS_MAX) this.#pause("unread answers");
  }

  #arrived(count: number): void {
    this.#unanswered -= count;
    this.#onTheWay -= count;
    if (this.#onTheWay < UNREAD_ANSWERS_MAX) this.#readAgain("unread answers");
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#hasEnded && this.#unanswered === 0) this.#stream.end();
  }
}
