// A stream that begins a message and leaves it: its bytes are counted, and its time is limited.

import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { nodeLoop } from "../../../../src/core/base/event-loop.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { QUEUE_BYTES_MAX } from "../../../../src/core/transport/outgoing-queue.ts";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { FLAG, FRAME } from "../../../../src/core/wire/http2/protocol.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { LateRequests } from "../../../../src/core/wire/server/late-requests.ts";
import { anyIdentity } from "../../../../src/core/wire/server/method-rules.ts";
import { PacedMessages } from "../../../../src/core/wire/server/paced-messages.ts";
import { refuse } from "../../../../src/core/wire/server/stream-answer.ts";
import { type StreamHandler, serveStream } from "../../../../src/core/wire/server/stream-call.ts";
import {
  REPLICATION_BYTES_MAX,
  UNFINISHED_BYTES_MAX,
} from "../../../../src/core/wire/server/unfinished-bytes.ts";
import { header } from "../../../integration/raw-call.ts";
import { fakeTime } from "../../fake-time.ts";
import { FakeSocket, type Frame, frameOf, HELLO, sessionOn } from "../http2/http2-world.ts";

fakeTime("setTimeout", "clearTimeout");

const MEGABYTE = 1024 * 1024;
const nothing = () => undefined;
const messages = new PacedMessages(nodeLoop);
const HEADERS = encodeFields({
  ...{ ":method": "POST", ":scheme": "http", ":path": "/a/b", "content-type": "application/grpc" },
});

function serve(handler: StreamHandler, requestStream = true, isReplication = false) {
  const socket = new FakeSocket();
  let nowMs = 0;
  let underWay = 0;
  const late = new LateRequests(() => nowMs);
  const definition = { requestStream, responseStream: true, path: "/a/b" };
  const served = {
    definition: { ...definition, requestDeserialize: () => "message", responseSerialize: nothing },
    ...{ handler, rule: { allow: anyIdentity, bytesMax: 64 * MEGABYTE, isReplication } },
    errors: new InternalErrors("server", silentLog),
  };
  const hold = () => {
    underWay += 1;
    return () => {
      underWay -= 1;
    };
  };
  const budget = {
    account: null,
    announce: () => null,
    refuse,
    waste: nothing,
    watch: nothing,
    wrote: nothing,
    hold,
  };
  const { session } = sessionOn(socket, (stream) =>
    serveStream(stream, served as never, { cameMs: 0 as never, budget, late, messages }),
  );
  const send = async (...frames: Buffer[]) => {
    socket.push(Buffer.concat(frames));
    await nextPass();
    await nextPass();
  };
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      nowMs += 500;
      vi.advanceTimersByTime(500);
    }
    await nextPass();
  };
  return { socket, session, send, pass, underWay: () => underWay };
}

const open = (id: number) => frameOf(FRAME.headers, FLAG.endHeaders, id, HEADERS);
const data = (id: number, ...bytes: Buffer[]) => frameOf(FRAME.data, 0, id, Buffer.concat(bytes));
/** The streams that ended. */
const ended = (frames: Frame[]) => frames.filter(({ flags, type }) => type === FRAME.headers && flags & 1);
const read: StreamHandler = (call) => void call.on("data", nothing);

test("a message that is not whole in time ends its stream", async () => {
  const { socket, session, send, pass } = serve(read);
  await send(
    HELLO,
    open(1),
    data(1, header(10), Buffer.alloc(9)),
    open(3),
    data(3, header(1), Buffer.alloc(1)),
  );
  await pass(29_000);
  expect(ended(socket.frames)).toEqual([]);
  await pass(2_000);
  expect(ended(socket.frames), "not the one that is between messages").toMatchObject([{ stream: 1 }]);
  session.destroy();
});

test("each message has its own time, and none while its handler does not read", async () => {
  const calls: Parameters<StreamHandler>[0][] = [];
  const { socket, session, send, pass } = serve((call) => void calls.push(call));
  // The readable side takes sixteen messages before it asks to wait.
  const whole = Buffer.concat(Array.from({ length: 20 }, () => Buffer.concat([header(1), Buffer.alloc(1)])));
  await send(HELLO, open(1), data(1, whole, header(10)));
  await pass(60_000);
  expect(ended(socket.frames), "it was not asked for more").toEqual([]);
  calls[0]?.on("data", nothing);
  await nextPass();
  await pass(20_000);
  await send(data(1, Buffer.alloc(10), header(10)));
  await pass(20_000);
  expect(ended(socket.frames)).toEqual([]);
  await pass(11_000);
  expect(ended(socket.frames)).toHaveLength(1);
  session.destroy();
});

test("a call whose one request does not come ends", async () => {
  const { socket, session, send, pass } = serve(read, false);
  await send(HELLO, open(1), data(1, header(10)));
  await pass(31_000);
  expect(ended(socket.frames)).toHaveLength(1);
  session.destroy();
});

test("messages under way of one connection have bounded room together, and a lone one has its own", async () => {
  const { socket, session, send } = serve(read);
  await send(HELLO, open(1), data(1, header(UNFINISHED_BYTES_MAX + 1), Buffer.alloc(1)));
  expect(ended(socket.frames)).toEqual([]);
  await send(open(3), data(3, header(1_000), Buffer.alloc(1)));
  expect(ended(socket.frames)).toMatchObject([{ stream: 3 }]);
  await send(frameOf(FRAME.reset, 0, 1, Buffer.alloc(4)));
  const half = header(UNFINISHED_BYTES_MAX / 2);
  await send(open(5), data(5, half, Buffer.alloc(1)), open(7), data(7, half, Buffer.alloc(1)));
  expect(ended(socket.frames)).toHaveLength(1);
  await send(open(9), data(9, header(1), Buffer.alloc(1)), open(11), data(11, header(2), Buffer.alloc(1)));
  expect(ended(socket.frames).map(({ stream }) => stream)).toEqual([3, 11]);
  session.destroy();
});

test("a frame of a replica may take minutes on a slow link", async () => {
  const { socket, session, send, pass } = serve(read, true, true);
  await send(HELLO, open(1), data(1, header(10), Buffer.alloc(9)));
  await pass(300_000);
  expect(ended(socket.frames)).toEqual([]);
  session.destroy();
});

test("a replica's largest frame has room beside another one and snapshots, and all of them are bounded", async () => {
  const { socket, session, send } = serve(read, true, true);
  const frame = header(QUEUE_BYTES_MAX);
  await send(HELLO, open(1), data(1, frame, Buffer.alloc(1)), open(3), data(3, frame, Buffer.alloc(1)));
  const rest = REPLICATION_BYTES_MAX - 2 * QUEUE_BYTES_MAX;
  expect(rest).toBeGreaterThanOrEqual(16 * MEGABYTE);
  await send(open(5), data(5, header(rest), Buffer.alloc(1)));
  expect(ended(socket.frames)).toEqual([]);
  await send(open(7), data(7, header(1_000), Buffer.alloc(1)));
  expect(ended(socket.frames)).toMatchObject([{ stream: 7 }]);
  session.destroy();
});

test("a handler whose caller is gone before it returns has settled once", async () => {
  let during = 0;
  const { session, send, underWay } = serve((call) => {
    (call as unknown as { stream: { reset(): void } }).stream.reset();
    during = underWay();
    return Promise.resolve();
  });
  await send(HELLO, open(1));
  await nextPass();
  expect([during, underWay()]).toEqual([1, 0]);
  session.destroy();
});

test("a handler that returns a promise is under way until it settles, although its caller is gone", async () => {
  const running = Promise.withResolvers<void>();
  const { session, send, underWay } = serve(() => running.promise);
  await send(HELLO, open(1));
  await send(frameOf(FRAME.reset, 0, 1, Buffer.alloc(4)));
  expect(underWay()).toBe(1);
  running.resolve();
  await nextPass();
  expect(underWay()).toBe(0);
  session.destroy();
});
