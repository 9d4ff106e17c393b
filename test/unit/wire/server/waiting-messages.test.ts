// Messages that a stream's handler has written wait here until the caller takes them: their bytes are known.

import { setImmediate as nextPass } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../../src/core/base/clock.ts";
import { nodeLoop } from "../../../../src/core/base/event-loop.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { FLAG, FRAME, WINDOW_BYTES } from "../../../../src/core/wire/http2/protocol.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { LateRequests } from "../../../../src/core/wire/server/late-requests.ts";
import { HEADER_BYTES } from "../../../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../../../src/core/wire/server/method-rules.ts";
import { PacedMessages } from "../../../../src/core/wire/server/paced-messages.ts";
import { refuse } from "../../../../src/core/wire/server/stream-answer.ts";
import { type StreamHandler, serveStream } from "../../../../src/core/wire/server/stream-call.ts";
import type { ManyAnswers } from "../../../../src/core/wire/server/unread-answers.ts";
import { fakeTime } from "../../fake-time.ts";
import { FakeSocket, frameOf, HELLO, sessionOn } from "../http2/http2-world.ts";

const nothing = () => undefined;
const messages = new PacedMessages(nodeLoop);
const HEADERS = encodeFields({
  ...{ ":method": "POST", ":scheme": "http", ":path": "/a/b" },
  ...{ "content-type": "application/grpc", "grpc-timeout": "1000m" },
});
const MESSAGE_BYTES = 100_000;
const MESSAGES = 10;

async function serve(handler: StreamHandler, cameMs = systemClock.monotonicMs()) {
  const socket = new FakeSocket();
  const found: ManyAnswers[] = [];
  const definition = { requestStream: true, responseStream: true, path: "/a/b" };
  const served = {
    definition: { ...definition, requestDeserialize: nothing, responseSerialize: (value: Buffer) => value },
    ...{ handler, rule: { allow: anyIdentity, bytesMax: 1_000 } },
    errors: new InternalErrors("server", silentLog),
  };
  const budget = {
    ...{ account: null, announce: () => null, refuse, waste: nothing, wrote: nothing, hold: () => nothing },
    watch: (_: unknown, answers: ManyAnswers) => found.push(answers),
  };
  const { session } = sessionOn(socket, (stream) =>
    serveStream(stream, served as never, { cameMs, budget, late: new LateRequests(), messages }),
  );
  socket.push(Buffer.concat([HELLO, frameOf(FRAME.headers, FLAG.endHeaders, 1, HEADERS)]));
  await nextPass();
  const [answers] = found;
  if (answers === undefined) throw new Error("the stream is watched");
  return { session, socket, answers };
}

function widened(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return Buffer.concat([frameOf(FRAME.window, 0, 0, payload), frameOf(FRAME.window, 0, 1, payload)]);
}

test("all messages that wait count, not only the one that leaves", async () => {
  const told: boolean[] = [];
  const { session, socket, answers } = await serve((call) => {
    for (let message = 0; message < MESSAGES; message += 1)
      told.push(call.write(Buffer.alloc(MESSAGE_BYTES)));
  });
  const all = MESSAGES * (HEADER_BYTES + MESSAGE_BYTES);
  expect([answers.sentBytes, answers.unsentBytes]).toEqual([WINDOW_BYTES, all - WINDOW_BYTES]);
  expect(told).not.toContain(true);
  for (const bytes of [1, MESSAGE_BYTES, 3 * MESSAGE_BYTES, all]) {
    socket.push(widened(bytes));
    await nextPass();
    await nextPass();
    expect(answers.sentBytes + answers.unsentBytes).toBe(all);
  }
  expect(answers.unsentBytes).toBe(0);
  session.destroy();
});

describe("time", () => {
  fakeTime("performance", "setTimeout", "clearTimeout");

  test("a call's time counts from its headers; when it is over, a handler whose answers wait hears of it", async () => {
    let isCancelled = false;
    const cameMs = systemClock.monotonicMs() - 900;
    const { session, socket } = await serve((call) => {
      call.on("cancelled", () => {
        isCancelled = true;
      });
      call.write(Buffer.alloc(MESSAGE_BYTES));
    }, cameMs);
    await vi.advanceTimersByTimeAsync(99);
    expect(isCancelled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isCancelled).toBe(true);
    await nextPass();
    expect(socket.frames.at(-1)).toMatchObject({ type: FRAME.reset, stream: 1 });
    session.destroy();
  });
});
