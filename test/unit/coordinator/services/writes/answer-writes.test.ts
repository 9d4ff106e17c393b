// The replica's side of a stream of writes: answers of one turn travel together, and one client cannot make it keep
// more than its bound.

import { EventEmitter } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { expect, test, vi } from "vitest";
import { present } from "../../../../../src/core/base/assert.ts";
import { silentLog } from "../../../../../src/core/base/log.ts";
import { answerWrites } from "../../../../../src/core/coordinator/services/writes/answer-writes.ts";
import type {
  SubmitResponse,
  WriteAnswer,
  WriteAnswers,
} from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { fromStatus, type RpcError, readRpcError, rpcError } from "../../../../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../../../../src/core/wire/server/internal-errors.ts";
import { STREAM_WRITES_MAX } from "../../../../../src/core/wire/write-limits.ts";
import { fakeTimeHere } from "../../../fake-time.ts";

const overloaded = rpcError(status.RESOURCE_EXHAUSTED, "OVERLOADED", "busy", {}, 100);

class FakeStream extends EventEmitter {
  readonly messages: WriteAnswers[] = [];
  /** Whether the client reads; what it does not read stays on its way. */
  isRead = true;
  isPaused = false;
  hasEnded = false;
  #onTheWay: (() => void)[] = [];

  write(message: WriteAnswers, taken: () => void): void {
    this.messages.push(message);
    if (this.isRead) taken();
    else this.#onTheWay.push(taken);
  }

  readAll(): void {
    this.isRead = true;
    for (const taken of this.#onTheWay) taken();
    this.#onTheWay = [];
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.hasEnded = true;
  }
}

/** A stream whose writes settle when the test says so. */
class Scene {
  readonly stream = new FakeStream();
  readonly submitted: number[] = [];
  /** Why the identity may not write now. */
  limited: RpcError | null = null;
  readonly #settle = new Map<number, (value: SubmitResponse | Promise<never>) => void>();

  constructor() {
    answerWrites(this.stream, {
      count: () => this.limited,
      submit: ({ tag }) => {
        this.submitted.push(tag);
        return new Promise((resolve) => this.#settle.set(tag, resolve));
      },
      refused: () => Promise.reject(overloaded),
      refusal: (error) => new InternalErrors("coordinator n1", silentLog).answer(error, "Write"),
    });
  }

  receive(...tags: number[]): void {
    const items = tags.map((tag) => ({ tag, timeoutMs: 0, request: new Uint8Array() }));
    this.stream.emit("data", { items });
  }

  async settle(...tags: number[]): Promise<void> {
    for (const tag of tags) this.#settler(tag)({ index: tag * 10, term: 1, applied: undefined });
    await answersSent();
  }

  async refuse(tag: number, error: Error): Promise<void> {
    this.#settler(tag)(Promise.reject(error));
    await answersSent();
  }

  /** The tags of each message. */
  get answered(): number[][] {
    return this.stream.messages.map(({ answers }) => answers.map(({ tag }) => tag));
  }

  #settler(tag: number) {
    return present(this.#settle.get(tag), "it was submitted");
  }
}

/** What settles now is answered a turn later. */
async function answersSent(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

const reasonOf = ({ outcome }: WriteAnswer) =>
  outcome?.$case === "refusal" ? readRpcError(fromStatus(outcome.value)).reason : null;
const firstTags = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

test("writes are submitted in order; answers of one turn are one message, each as soon as it settles", async () => {
  const scene = new Scene();
  scene.receive(1, 2);
  scene.receive(3);
  expect(scene.submitted).toEqual([1, 2, 3]);
  await scene.settle(3, 1);
  await scene.settle(2);
  expect(scene.answered).toEqual([[3, 1], [2]]);
  const { answers } = present(scene.stream.messages[1], "two messages");
  expect(answers).toEqual([
    { tag: 2, outcome: { $case: "response", value: { index: 20, term: 1, applied: undefined } } },
  ]);
});

test.each([
  {
    thrown: rpcError(status.FAILED_PRECONDITION, "NOT_LEADER", "ask n2", { leader_id: "2" }),
    reason: "NOT_LEADER",
  },
  { thrown: new Error("a bug"), reason: "INTERNAL" },
])("a refused write is answered, and the stream goes on: $reason", async ({ thrown, reason }) => {
  const scene = new Scene();
  scene.receive(1, 2);
  await scene.refuse(1, thrown);
  await scene.settle(2);
  expect(scene.stream.messages.map(({ answers }) => answers.map(reasonOf))).toEqual([[reason], [null]]);
});

test("what goes beyond the bound is refused as overload, until something is answered", async () => {
  const scene = new Scene();
  scene.receive(...firstTags(STREAM_WRITES_MAX + 1));
  await answersSent();
  expect(scene.submitted.length).toBe(STREAM_WRITES_MAX);
  expect(scene.answered).toEqual([[STREAM_WRITES_MAX + 1]]);
  const [refused] = present(scene.stream.messages[0], "one message").answers;
  expect(reasonOf(present(refused, "one answer"))).toBe("OVERLOADED");
  await scene.settle(1);
  scene.receive(STREAM_WRITES_MAX + 2);
  expect(scene.submitted.at(-1)).toBe(STREAM_WRITES_MAX + 2);
});

test("a client that does not read its answers is not read once it has too many, until it reads", async () => {
  const scene = new Scene();
  scene.stream.isRead = false;
  scene.receive(...firstTags(STREAM_WRITES_MAX));
  await scene.settle(1);
  expect(scene.stream.isPaused).toBe(false);
  await scene.settle(...firstTags(STREAM_WRITES_MAX / 2).slice(1));
  expect(scene.stream.isPaused).toBe(true);
  scene.stream.readAll();
  expect(scene.stream.isPaused).toBe(false);
});

test("an answer that the client has not taken counts, so that what one client makes us keep is bounded", async () => {
  const scene = new Scene();
  scene.stream.isRead = false;
  scene.receive(...firstTags(STREAM_WRITES_MAX));
  await scene.settle(...firstTags(STREAM_WRITES_MAX));
  // One message was already here when reading stopped.
  scene.receive(STREAM_WRITES_MAX + 1);
  await answersSent();
  expect(scene.submitted.length).toBe(STREAM_WRITES_MAX);
  expect(scene.answered.at(-1)).toEqual([STREAM_WRITES_MAX + 1]);
  scene.stream.readAll();
  scene.receive(STREAM_WRITES_MAX + 2);
  expect(scene.submitted.at(-1)).toBe(STREAM_WRITES_MAX + 2);
});

test("a client beyond its identity's rate is refused, and not read for as long as that lasts", async () => {
  fakeTimeHere("setTimeout", "clearTimeout");
  const scene = new Scene();
  scene.limited = rpcError(status.RESOURCE_EXHAUSTED, "CALLS_TOO_OFTEN", "too often", {}, 200);
  scene.receive(1, 2);
  await answersSent();
  expect(scene.submitted).toEqual([]);
  expect(scene.stream.messages.map(({ answers }) => answers.map(reasonOf))).toEqual([
    ["CALLS_TOO_OFTEN", "CALLS_TOO_OFTEN"],
  ]);
  expect(scene.stream.isPaused).toBe(true);
  scene.limited = null;
  vi.advanceTimersByTime(199);
  expect(scene.stream.isPaused).toBe(true);
  vi.advanceTimersByTime(1);
  expect(scene.stream.isPaused).toBe(false);
  scene.receive(3);
  expect(scene.submitted).toEqual([3]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a client that sends no more still gets its answers, and then the end", async () => {
  const scene = new Scene();
  scene.receive(1, 2);
  scene.stream.emit("end");
  await scene.settle(1);
  expect(scene.stream.hasEnded).toBe(false);
  await scene.settle(2);
  expect(scene.answered).toEqual([[1], [2]]);
  expect(scene.stream.hasEnded).toBe(true);
});

test.each([{ event: "cancelled" }, { event: "error" }])(
  "$event: what was taken goes on, its answers are dropped, and nothing more is taken",
  async ({ event }) => {
    const scene = new Scene();
    scene.receive(1);
    scene.stream.emit(event, new Error("gone"));
    scene.receive(2);
    await scene.settle(1);
    expect(scene.submitted).toEqual([1]);
    expect(scene.answered).toEqual([]);
  },
);
