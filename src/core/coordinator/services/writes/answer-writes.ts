// A stream of writes and their answers: each write is submitted in the order it came, and answered as it settles.
// What must stay true: what one stream makes this replica keep is bounded. A write counts until the transport has
// taken its answer, and a client that does not read its answers is not read either, until it does. A stream's end
// takes back nothing that was submitted: the answers then have nobody to go to.

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
import { type RpcError, toStatus } from "../../../wire/rpc-error.ts";
import { SESSION_WINDOW, STREAM_WRITES_MAX } from "../../../wire/write-limits.ts";

assert(SESSION_WINDOW < OUTCOMES_PER_SESSION_MAX, "outcomes of a whole window are remembered");

// Half, so that what is under way when reading stops still has room.
const UNREAD_ANSWERS_MAX = STREAM_WRITES_MAX / 2;

/** What is used here of a call. */
interface Stream {
  on(event: "data", listener: (batch: WriteBatch) => void): unknown;
  on(event: "end" | "cancelled" | "error", listener: () => void): unknown;
  write(message: WriteAnswers, taken: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  end(): unknown;
}

interface Writes {
  readonly submit: (item: WriteItem) => Promise<SubmitResponse>;
  /** Rejects with what a write is told for which the stream has no room. */
  readonly refused: () => Promise<never>;
  /** What a write is told that failed with `error`. */
  readonly refusal: (error: unknown) => RpcError;
}

/** Answers what comes on `stream`, all that settled in one turn in one message. */
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
  /** Writes whose answers the transport has not taken yet, and how many of these answers it was given. */
  #unanswered = 0;
  #onTheWay = 0;
  #answers: WriteAnswer[] = [];
  #isFlushing = false;
  #isPaused = false;
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

  /** The client sends no more, and still waits for answers. */
  ended(): void {
    this.#hasEnded = true;
    this.#endIfDone();
  }

  lost(): void {
    this.#isLost = true;
    this.#answers = [];
  }

  #take(item: WriteItem): void {
    const { tag } = item;
    this.#unanswered += 1;
    const isFull = this.#unanswered > STREAM_WRITES_MAX;
    const submitted = isFull ? this.#writes.refused() : this.#writes.submit(item);
    submitted.then(
      (value) => this.#answer({ tag, outcome: { $case: "response", value } }),
      (error: unknown) =>
        this.#answer({ tag, outcome: { $case: "refusal", value: toStatus(this.#writes.refusal(error)) } }),
    );
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
    if (this.#onTheWay >= UNREAD_ANSWERS_MAX && !this.#isPaused) {
      this.#isPaused = true;
      this.#stream.pause();
    }
  }

  #arrived(count: number): void {
    this.#unanswered -= count;
    this.#onTheWay -= count;
    if (this.#isPaused && this.#onTheWay < UNREAD_ANSWERS_MAX) {
      this.#isPaused = false;
      this.#stream.resume();
    }
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#hasEnded && this.#unanswered === 0) this.#stream.end();
  }
}
