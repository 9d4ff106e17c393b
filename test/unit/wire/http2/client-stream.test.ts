// The client's side of one call: what leaves and when, and that no server can hurt it.

import { once } from "node:events";
import { connect } from "node:net";
import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { ClientStream } from "../../../../src/core/wire/http2/client-stream.ts";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import type { HeaderValues } from "../../../../src/core/wire/http2/hpack/header-list.ts";
import type { KeepaliveTimes } from "../../../../src/core/wire/http2/keepalive.ts";
import { FLAG, FRAME, PREFACE } from "../../../../src/core/wire/http2/protocol.ts";
import { FakeSocket, frameOf, framesIn, listening } from "./http2-world.ts";

const FIELDS = { ":method": "POST", ":scheme": "http", ":path": "/a/b", te: "trailers" };
const LATE: KeepaliveTimes = { everyMs: 60_000, withinMs: 60_000 };

function streamOn(socket: FakeSocket | ReturnType<typeof connect>, keepalive = LATE) {
  const heard = {
    headers: [] as HeaderValues[],
    data: [] as Buffer[],
    drained: 0,
    ends: [] as (HeaderValues | Error)[],
  };
  const stream = new ClientStream(socket as never, FIELDS, keepalive, {
    headers: (headers) => heard.headers.push(headers),
    data: (bytes) => heard.data.push(Buffer.from(bytes)),
    drained: () => {
      heard.drained += 1;
    },
    ended: (end) => heard.ends.push(end),
  });
  return { stream, heard };
}

const ANSWER = encodeFields({ ":status": "200", "grpc-status": "0" });
const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** What it has sent, without the preface. */
const sentBy = (socket: FakeSocket) => framesIn(Buffer.concat(socket.written).subarray(PREFACE.length));
const dataBytes = (socket: FakeSocket) =>
  sentBy(socket)
    .filter(({ type }) => type === FRAME.data)
    .reduce((sum, { payload }) => sum + payload.length, 0);

test("a server of ours gets the fields and all bytes, however many; its answer comes back, and then its end", async () => {
  const got: Buffer[] = [];
  const answer = Buffer.alloc(200_000, "a");
  let fields: HeaderValues = {};
  const server = await listening((stream) => {
    fields = stream.headers;
    stream.begin();
    stream.write(answer, null);
    stream.read({
      data: (bytes) => {
        got.push(Buffer.from(bytes));
        if (Buffer.concat(got).length === 300_000) stream.finish("ok");
      },
      end: () => undefined,
    });
  });
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  const { stream, heard } = streamOn(socket);
  const request = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251));
  expect(stream.write(request), "more than the windows let leave").toBe(false);
  await once(socket, "close");
  expect(fields).toMatchObject(FIELDS);
  expect(Buffer.concat(got)).toEqual(request);
  expect(Buffer.concat(heard.data)).toEqual(answer);
  expect(heard.headers).toMatchObject([{ ":status": "200" }]);
  expect(heard.ends).toMatchObject([{ "grpc-status": "0" }]);
  expect(heard.drained).toBe(1);
  await server.close();
  expect(server.bugs).toEqual([]);
});

test("no more leaves than both windows allow, and what waits leaves when they open", async () => {
  const socket = new FakeSocket();
  const { stream, heard } = streamOn(socket);
  expect(stream.write(Buffer.alloc(10))).toBe(true);
  expect(stream.write(Buffer.alloc(100_000))).toBe(false);
  await nextPass();
  expect(dataBytes(socket)).toBe(65_535);
  socket.push(frameOf(FRAME.window, 0, 0, number(20_000)));
  await nextPass();
  expect(dataBytes(socket), "the stream's own window is closed").toBe(65_535);
  socket.push(frameOf(FRAME.window, 0, 1, number(1_000_000)));
  await nextPass();
  expect([dataBytes(socket), heard.drained]).toEqual([85_535, 0]);
  socket.push(frameOf(FRAME.window, 0, 0, number(1_000_000)));
  await nextPass();
  expect([dataBytes(socket), heard.drained]).toEqual([100_010, 1]);
  stream.cancel();
});

test("a smaller first window of the server counts for bytes that have left already", async () => {
  const socket = new FakeSocket();
  const { stream } = streamOn(socket);
  stream.write(Buffer.alloc(600));
  socket.push(frameOf(FRAME.settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), number(1_000)])));
  await nextPass();
  expect(stream.write(Buffer.alloc(1_000))).toBe(false);
  await nextPass();
  expect(dataBytes(socket)).toBe(1_000);
  expect(sentBy(socket).some(({ type, flags }) => type === FRAME.settings && flags === FLAG.ack)).toBe(true);
  stream.cancel();
});

test("what was written before a cancel leaves", async () => {
  const socket = new FakeSocket();
  const { stream, heard } = streamOn(socket);
  stream.write(Buffer.alloc(77));
  stream.cancel();
  stream.cancel();
  expect(stream.write(Buffer.alloc(1))).toBe(false);
  await once(socket, "close");
  expect(dataBytes(socket)).toBe(77);
  expect(heard.ends).toEqual([new Error("cancelled")]);
});

test("a server that answers no ping is given up", async () => {
  const socket = new FakeSocket();
  const { heard } = streamOn(socket, { everyMs: 10, withinMs: 10 });
  await once(socket, "close");
  expect(sentBy(socket).some(({ type }) => type === FRAME.ping)).toBe(true);
  expect(heard.ends).toEqual([new Error("the peer does not answer pings")]);
});

test.each([
  { what: "a reset", bytes: frameOf(FRAME.reset, 0, 1, number(8)), why: "the peer has reset the call" },
  { what: "a push", bytes: frameOf(FRAME.push, 0, 1), why: "a frame that may not come here" },
  { what: "a ping of no size", bytes: frameOf(FRAME.ping, 0, 0), why: "a frame of the wrong size" },
  {
    what: "a window beyond the limit",
    bytes: frameOf(FRAME.window, 0, 0, number(0x7fffffff)),
    why: "a window beyond the limit",
  },
  {
    what: "a reset of the wrong size",
    bytes: frameOf(FRAME.reset, 0, 1),
    why: "a frame of the wrong size",
  },
  {
    what: "a reset of another stream",
    bytes: frameOf(FRAME.reset, 0, 3, number(8)),
    why: "a frame of another stream",
  },
  {
    what: "data of another stream",
    bytes: frameOf(FRAME.data, 0, 3, Buffer.alloc(9)),
    why: "a frame of another stream",
  },
  {
    what: "the end of another stream",
    bytes: frameOf(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 3, ANSWER),
    why: "a frame of another stream",
  },
  {
    what: "a ping of a stream",
    bytes: frameOf(FRAME.ping, 0, 1, Buffer.alloc(8)),
    why: "a frame of another stream",
  },
  { what: "settings of a stream", bytes: frameOf(FRAME.settings, 0, 1), why: "a frame of another stream" },
  {
    what: "a window of another stream",
    bytes: frameOf(FRAME.window, 0, 3, number(1)),
    why: "a frame of another stream",
  },
  {
    what: "a window that grows by nothing",
    bytes: frameOf(FRAME.window, 0, 1, number(0)),
    why: "a window that grows by nothing",
  },
  {
    what: "a second answer",
    bytes: Buffer.concat([1, 2].map(() => frameOf(FRAME.headers, FLAG.endHeaders, 1, ANSWER))),
    why: "a second answer",
  },
  {
    what: "an end like a beginning",
    bytes: Buffer.concat(
      [0, FLAG.endStream].map((flag) => frameOf(FRAME.headers, FLAG.endHeaders | flag, 1, ANSWER)),
    ),
    why: "a second answer",
  },
  {
    what: "headers of a request",
    bytes: frameOf(FRAME.headers, FLAG.endHeaders, 1, encodeFields(FIELDS)),
    why: "malformed headers",
  },
  {
    what: "data as the end",
    bytes: frameOf(FRAME.data, FLAG.endStream, 1),
    why: "the answer has no end",
  },
])("$what of the server ends the call, once, with its reason", async ({ bytes, why }) => {
  const socket = new FakeSocket();
  const { heard } = streamOn(socket);
  socket.push(bytes);
  socket.push(bytes);
  await once(socket, "close");
  expect(heard.ends).toMatchObject([{ message: why }]);
});

test("whatever a server sends, nothing is thrown and the call ends once", { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const random = new SeededPrng(seed);
    const socket = new FakeSocket();
    socket.isSlow = random.below(3) === 0;
    const { stream, heard } = streamOn(socket);
    const parts = Array.from({ length: 1 + random.below(30) }, () => hostile(random));
    const bytes = Buffer.concat([frameOf(FRAME.settings, 0, 0), ...parts]);
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.below(random.below(20) === 0 ? 15 : 40_000);
      if (!socket.destroyed) socket.push(bytes.subarray(at, end));
      at = end;
      if (random.below(3) === 0) stream.write(Buffer.alloc(random.below(50_000)));
      if (random.below(4) === 0) await nextPass();
      if (random.below(4) === 0) socket.release();
    }
    await nextPass();
    stream.cancel();
    socket.destroy();
    await nextPass();
    expect({ seed, ends: heard.ends.length }).toEqual({ seed, ends: 1 });
  }
});

function hostile(random: SeededPrng): Buffer {
  const id = [0, 1, 1, 3, random.below(100)][random.below(5)] ?? 0;
  const noise = Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
  const flags = random.below(3) === 0 ? random.below(256) : FLAG.endHeaders;
  const answer = encodeFields({ ":status": "200", "content-type": "application/grpc" });
  switch (random.below(8)) {
    case 0:
      return frameOf(random.below(12), flags, id, noise);
    case 1:
      return frameOf(FRAME.window, 0, id, number(random.below(70_000)));
    case 2:
      return frameOf(FRAME.data, random.below(4) === 0 ? flags : 0, id, Buffer.alloc(random.below(16_000)));
    case 3:
      return frameOf(
        FRAME.settings,
        0,
        0,
        Buffer.concat([Buffer.from([0, 1 + random.below(6)]), number(random.below(100_000))]),
      );
    case 4:
      return random.below(6) === 0 ? noise : frameOf(FRAME.ping, 0, 0, Buffer.alloc(8));
    default:
      return frameOf(FRAME.headers, FLAG.endHeaders, 1, answer);
  }
}
