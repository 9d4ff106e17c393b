// One stream of writes: what travels together, and what each write is told whatever becomes of the stream.

import { EventEmitter } from "node:events";
import { Metadata, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { present } from "../../../../src/core/base/assert.ts";
import {
  SubmitRequest,
  type WriteAnswer,
  type WriteAnswers,
  type WriteBatch,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { judge } from "../../../../src/core/wire/leader/leader-verdict.ts";
import { WriteChannel } from "../../../../src/core/wire/leader/write-channel.ts";
import { RpcError, readRpcError, rpcError, toStatus } from "../../../../src/core/wire/rpc-error.ts";
import { WRITE_BYTES_MAX } from "../../../../src/core/wire/write-limits.ts";
import { fakeTime } from "../../fake-time.ts";

const PATIENCE_MS = 1_500;
const HOUR_MS = 3_600_000;

class FakeCall extends EventEmitter {
  readonly batches: WriteBatch[] = [];
  isFull = false;
  isCancelled = false;

  write(batch: WriteBatch): boolean {
    this.batches.push(batch);
    return !this.isFull;
  }

  cancel(): void {
    this.isCancelled = true;
    this.emit("error", plainError(status.CANCELLED, "Cancelled on client"));
  }

  answer(...answers: WriteAnswer[]): void {
    const message: WriteAnswers = { answers };
    this.emit("data", message);
  }

  /** The sequence numbers of each message. */
  get sent(): number[][] {
    return this.batches.map(({ items }) => items.map((item) => SubmitRequest.decode(item.request).sequence));
  }
}

class Scene {
  readonly calls: FakeCall[] = [];
  readonly channel = new WriteChannel(() => {
    const call = new FakeCall();
    this.calls.push(call);
    return call;
  });

  get call(): FakeCall {
    return present(this.calls.at(-1), "the stream was opened");
  }

  /** Submits without waiting; the result is how it ended, once it has. */
  submit(sequence: number, limits: { deadlineMs?: number; signal?: AbortSignal; reason?: string } = {}) {
    const { deadlineMs = PATIENCE_MS, signal, reason = "" } = limits;
    const request = {
      sessionId: 7,
      sequence,
      firstOutstanding: sequence,
      reason,
      operation: undefined,
      dryRun: false,
    };
    const endMs = performance.now() + deadlineMs;
    return this.channel
      .submit(request, signal === undefined ? { endMs } : { endMs, signal })
      .then(({ index }) => index, readRpcError);
  }
}

const plainError = (code: status, message: string) => new RpcError(code, message, new Metadata());
const response = (tag: number, index: number): WriteAnswer => ({
  tag,
  outcome: { $case: "response", value: { index, term: 1, applied: undefined } },
});
const turn = () => vi.advanceTimersByTimeAsync(0);

let scene: Scene;
fakeTime();
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
});

test("writes of one turn are one message, in order; those of the next turn another on the same stream", async () => {
  const writes = [scene.submit(1), scene.submit(2)];
  await turn();
  writes.push(scene.submit(3));
  await turn();
  expect(scene.call.sent).toEqual([[1, 2], [3]]);
  scene.call.answer(response(3, 30), response(1, 10));
  scene.call.answer(response(2, 20));
  expect(await Promise.all(writes)).toEqual([10, 20, 30]);
  expect(scene.calls.length).toBe(1);
});

test("the replica is told how long each write waits", async () => {
  const writes = [scene.submit(1, { deadlineMs: 250 }), scene.submit(2, { deadlineMs: 900 })];
  await turn();
  expect(scene.call.batches[0]?.items.map((item) => item.timeoutMs)).toEqual([250, 900]);
  scene.call.answer(response(1, 1), response(2, 2));
  await Promise.all(writes);
});

test("a refusal says all that Submit's error says", async () => {
  const refusal = rpcError(status.RESOURCE_EXHAUSTED, "OVERLOADED", "busy", { of: "what" }, 250);
  const write = scene.submit(1);
  await turn();
  scene.call.answer({ tag: 1, outcome: { $case: "refusal", value: toStatus(refusal) } });
  expect(await write).toEqual(readRpcError(refusal));
});

test.each([{ by: -HOUR_MS }, { by: HOUR_MS }])(
  "a write ends at its deadline with the wall clock set by $by ms",
  async ({ by }) => {
    const write = scene.submit(1, { deadlineMs: 400 });
    vi.setSystemTime(Date.now() + by);
    await vi.advanceTimersByTimeAsync(399);
    const next = scene.submit(2, { deadlineMs: 400 });
    await vi.advanceTimersByTimeAsync(1);
    const late = { code: status.DEADLINE_EXCEEDED, message: "Deadline exceeded after 0.400s" };
    expect(await write).toMatchObject(late);
    await vi.advanceTimersByTimeAsync(399);
    expect(scene.call.batches[1]?.items[0]?.timeoutMs).toBe(400);
    expect(await next).toMatchObject(late);
  },
);

test("each write ends at its own deadline, whatever the others wait for, and a late answer is nobody's", async () => {
  const patient = scene.submit(1, { deadlineMs: 400 });
  const hasty = scene.submit(2, { deadlineMs: 100 });
  await vi.advanceTimersByTimeAsync(100);
  const late = { code: status.DEADLINE_EXCEEDED, reason: null, message: "Deadline exceeded after 0.100s" };
  expect(await hasty).toMatchObject(late);
  scene.call.answer(response(2, 20));
  await vi.advanceTimersByTimeAsync(200);
  scene.call.answer(response(1, 10));
  expect(await patient).toBe(10);
  expect(scene.call.isCancelled).toBe(false);
});

test.each([
  {
    error: plainError(status.UNAVAILABLE, "Connection dropped"),
    verdict: { kind: "unreachable", mayHaveArrived: true },
    why: "a connection lost may have carried them",
  },
  {
    error: plainError(status.UNAVAILABLE, "No connection established. Last error: ECONNREFUSED"),
    verdict: { kind: "unreachable", mayHaveArrived: false },
    why: "without a connection nothing was sent",
  },
  {
    error: plainError(status.UNAVAILABLE, "Stream refused by server"),
    verdict: { kind: "unreachable", mayHaveArrived: false },
    why: "a stream beyond the allowed number is refused unread",
  },
  {
    error: plainError(status.INTERNAL, "Received RST_STREAM with code 2"),
    verdict: { kind: "unreachable", mayHaveArrived: true },
    why: "a stream torn down says nothing of its writes",
  },
  {
    error: plainError(status.RESOURCE_EXHAUSTED, "Received message larger than max"),
    verdict: { kind: "unreachable", mayHaveArrived: true },
    why: "nor does a limit of the stream's",
  },
  {
    error: rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", "readonly may not call Write", {
      who: "r",
    }),
    verdict: { kind: "final" },
    why: "refused at the door, no write was taken",
  },
  {
    error: plainError(status.UNIMPLEMENTED, "The server does not implement Write"),
    verdict: { kind: "final" },
    why: "nor by a replica that knows no streams",
  },
])("the stream fails with $error.details: $why", async ({ error, verdict }) => {
  const writes = [scene.submit(1), scene.submit(2)];
  await turn();
  scene.call.emit("error", error);
  for (const failure of await Promise.all(writes)) {
    if (typeof failure === "number") throw new Error("it was answered");
    expect(failure.message).toContain(error.details);
    expect(judge(failure, [])).toEqual(verdict);
  }
});

test("a write that was not sent yet fails with the stream, and the next one opens another", async () => {
  const sent = scene.submit(1);
  await turn();
  const broken = scene.call;
  const unsent = scene.submit(2);
  broken.emit("error", plainError(status.UNAVAILABLE, "Connection dropped"));
  const dropped = { code: status.UNAVAILABLE };
  expect(await Promise.all([sent, unsent])).toMatchObject([dropped, dropped]);
  const next = scene.submit(3);
  await turn();
  // What the old stream still emits has no effect.
  broken.emit("end");
  broken.emit("drain");
  scene.call.answer(response(3, 30));
  expect(await next).toBe(30);
  expect(scene.calls.map((call) => call.sent)).toEqual([[[1]], [[3]]]);
});

test("a replica that ends the stream leaves its writes unknown", async () => {
  const write = scene.submit(1);
  await turn();
  scene.call.emit("end");
  expect(await write).toMatchObject({ code: status.UNAVAILABLE, reason: null });
});

test.each([
  { answer: response(2, 20), why: "a tag that was never given out" },
  { answer: { tag: 1, outcome: undefined }, why: "an answer that says nothing" },
])("$why settles no write as done", async ({ answer }) => {
  const write = scene.submit(1);
  await turn();
  scene.call.answer(answer);
  expect(await write).toMatchObject({ code: status.UNAVAILABLE, reason: null });
});

test("what a full stream cannot take waits for its drain, without those that have failed meanwhile", async () => {
  const first = scene.submit(1);
  await turn();
  scene.call.isFull = true;
  const second = scene.submit(2);
  await turn();
  const waiting = [scene.submit(3, { deadlineMs: 50 }), scene.submit(4), scene.submit(5)];
  await vi.advanceTimersByTimeAsync(50);
  expect(scene.call.sent).toEqual([[1], [2]]);
  scene.call.isFull = false;
  scene.call.emit("drain");
  expect(scene.call.sent).toEqual([[1], [2], [4, 5]]);
  scene.call.answer(...[1, 2, 4, 5].map((tag) => response(tag, tag)));
  expect(await Promise.all([first, second, ...waiting])).toMatchObject([
    1,
    2,
    { code: status.DEADLINE_EXCEEDED },
    4,
    5,
  ]);
});

test.each([
  {
    wrong: { reason: "r".repeat(WRITE_BYTES_MAX) },
    reason: "WRITE_TOO_LARGE",
    why: "too large for a message",
  },
  { wrong: { sequence: -1 }, reason: "REQUEST_UNREADABLE", why: "with a number that its field cannot hold" },
])("a write $why is refused alone", async ({ wrong, reason }) => {
  const refused = scene.submit(wrong.sequence ?? 1, wrong);
  const good = scene.submit(2);
  await turn();
  expect(await refused).toMatchObject({ code: status.INVALID_ARGUMENT, reason });
  expect(scene.call.sent).toEqual([[2]]);
  scene.call.answer(response(1, 20));
  expect(await good).toBe(20);
});

test("an aborted write is cancelled, before it is sent and after", async () => {
  const [early, midway] = [new AbortController(), new AbortController()];
  early.abort();
  const writes = [scene.submit(1, { signal: early.signal }), scene.submit(2, { signal: midway.signal })];
  await turn();
  midway.abort();
  const cancelled = { code: status.CANCELLED };
  expect(await Promise.all(writes)).toMatchObject([cancelled, cancelled]);
  expect(scene.call.sent).toEqual([[2]]);
});

test("closing cancels the stream and what is outstanding, and leaves no timer", async () => {
  const write = scene.submit(1);
  await turn();
  scene.channel.close();
  expect(await write).toMatchObject({ code: status.CANCELLED });
  expect(scene.call.isCancelled).toBe(true);
  expect(() => scene.submit(2)).toThrow("a closed channel takes no writes");
});

test("closing what never wrote opens nothing", () => {
  scene.channel.close();
  expect(scene.calls).toEqual([]);
});
