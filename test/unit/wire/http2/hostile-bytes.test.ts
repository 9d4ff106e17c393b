// Bytes of any kind, cut anywhere, on a connection: nothing is thrown, nothing hangs, and each stream closes once.

import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { CODE, FLAG, FRAME, PREFACE } from "../../../../src/core/wire/http2/protocol.ts";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { FakeSocket, frameOf, HELLO, KEEPALIVE, sessionOn } from "./http2-world.ts";

const CALL = encodeFields({ ":method": "POST", ":scheme": "http", ":path": "/a/b" });
const announcing = (length: string) =>
  encodeFields({ ":method": "POST", ":scheme": "http", ":path": "/a/b", "content-length": length });
const END = FLAG.endHeaders | FLAG.endStream;
const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const SEEDS = 400;

/** Answers in one of many ways, by the seed. */
function serve(stream: ServerStream, random: SeededPrng): void {
  const way = random.below(6);
  if (way === 0) stream.refuse(encodeFields({ ":status": "415" }));
  else if (way === 1) stream.reset();
  else {
    stream.read({
      data: () => random.below(20) === 0 && stream.pause(),
      end: () => {
        if (stream.isGone) return;
        if (way === 2) stream.answer(Buffer.alloc(random.below(100_000)));
        else {
          stream.begin();
          stream.write(Buffer.alloc(random.below(100_000)), () => stream.finish("ok"));
        }
      },
    });
  }
}

function hostile(random: SeededPrng): Buffer {
  const ids = [0, 1, 3, 5, 7, 2 * random.below(50) + 1, random.below(100)];
  const id = ids[random.below(ids.length)] ?? 0;
  const flags = random.below(3) === 0 ? random.below(256) : [0, END, FLAG.endHeaders, 1][random.below(4)];
  const noise = Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
  switch (random.below(9)) {
    case 0:
      return frameOf(random.below(12), flags ?? 0, id, noise);
    case 1:
      return frameOf(FRAME.window, 0, id, number(random.below(3) === 0 ? 0x7fffffff : random.below(70_000)));
    case 2:
      return frameOf(FRAME.reset, 0, id, number(CODE.cancel));
    case 3:
      return frameOf(FRAME.data, flags ?? 0, id, Buffer.alloc(random.below(17_000)));
    case 4:
      return frameOf(
        FRAME.settings,
        0,
        0,
        Buffer.concat([Buffer.from([0, 1 + random.below(6)]), number(random.below(100_000))]),
      );
    case 5:
      return noise;
    case 6:
      return frameOf(FRAME.ping, 0, 0, Buffer.alloc(8));
    default:
      return frameOf(
        FRAME.headers,
        [END, FLAG.endHeaders][random.below(2)] ?? 0,
        2 * random.below(60) + 1,
        CALL,
      );
  }
}

test("whatever a peer sends, nothing is thrown and nothing stays", async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = new SeededPrng(seed);
    const socket = new FakeSocket();
    socket.isSlow = random.below(3) === 0;
    const opened: ServerStream[] = [];
    let closed = 0;
    const { session, bugs } = sessionOn(socket, (stream) => {
      opened.push(stream);
      stream.onClose(() => {
        closed += 1;
      });
      serve(stream, random);
    });
    const parts = Array.from({ length: 1 + random.below(30) }, () => hostile(random));
    const bytes = Buffer.concat([
      random.below(30) === 0 ? PREFACE.subarray(0, random.below(24)) : HELLO,
      ...parts,
    ]);
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.below(random.below(20) === 0 ? 15 : 40_000);
      socket.push(bytes.subarray(at, end));
      at = end;
      if (random.below(4) === 0) await nextPass();
      if (random.below(4) === 0) socket.release();
      if (random.below(10) === 0) session.stopReading();
      if (random.below(5) === 0) session.readOn();
    }
    await nextPass();
    expect({ seed, bugs }).toEqual({ seed, bugs: [] });
    session.destroy();
    await nextPass();
    expect({ seed, closed }).toEqual({ seed, closed: opened.length });
  }
});

test.each([
  { what: "no HTTP/2", bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n"), code: CODE.protocol },
  {
    what: "no settings first",
    bytes: Buffer.concat([PREFACE, frameOf(FRAME.ping, 0, 0, Buffer.alloc(8))]),
    code: CODE.protocol,
  },
  {
    what: "a frame beyond the limit",
    bytes: Buffer.concat([HELLO, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 1])]),
    code: CODE.frameSize,
  },
  {
    what: "a stream of the server",
    bytes: Buffer.concat([HELLO, frameOf(FRAME.headers, END, 2, CALL)]),
    code: CODE.protocol,
  },
  {
    what: "data of an idle stream",
    bytes: Buffer.concat([HELLO, frameOf(FRAME.data, 0, 1)]),
    code: CODE.protocol,
  },
  { what: "a push", bytes: Buffer.concat([HELLO, frameOf(FRAME.push, 0, 1)]), code: CODE.protocol },
  {
    what: "a continuation of nothing",
    bytes: Buffer.concat([HELLO, frameOf(FRAME.continuation, 0, 1)]),
    code: CODE.protocol,
  },
  {
    what: "a frame within headers",
    bytes: Buffer.concat([
      HELLO,
      frameOf(FRAME.headers, 0, 1, CALL),
      frameOf(FRAME.ping, 0, 0, Buffer.alloc(8)),
    ]),
    code: CODE.protocol,
  },
  {
    what: "headers that are no HPACK",
    bytes: Buffer.concat([HELLO, frameOf(FRAME.headers, END, 1, Buffer.from([0x80]))]),
    code: CODE.compression,
  },
  {
    what: "a ping of four bytes",
    bytes: Buffer.concat([HELLO, frameOf(FRAME.ping, 0, 0, Buffer.alloc(4))]),
    code: CODE.frameSize,
  },
  {
    what: "a window that grows by nothing",
    bytes: Buffer.concat([HELLO, frameOf(FRAME.window, 0, 0, number(0))]),
    code: CODE.protocol,
  },
  {
    what: "a window beyond the limit",
    bytes: Buffer.concat([HELLO, frameOf(FRAME.window, 0, 0, number(0x7fffffff))]),
    code: CODE.flowControl,
  },
  {
    what: "a stream that waits for itself",
    bytes: Buffer.concat([HELLO, frameOf(FRAME.priority, 0, 1, Buffer.from([0, 0, 0, 1, 9]))]),
    code: CODE.protocol,
  },
  {
    what: "settings of a stream",
    bytes: Buffer.concat([HELLO, frameOf(FRAME.settings, 0, 1)]),
    code: CODE.protocol,
  },
])("$what ends the connection with its code", async ({ bytes, code }) => {
  const socket = new FakeSocket();
  const { session, invalid } = sessionOn(socket, () => undefined);
  socket.push(bytes);
  await nextPass();
  await nextPass();
  expect(invalid.map((error) => error.code)).toEqual([code]);
  const goaway = socket.frames.find(({ type }) => type === FRAME.goaway);
  expect(goaway?.payload.readUInt32BE(4)).toBe(code);
  expect(session.destroyed).toBe(true);
});

test.each([
  {
    what: "a call without a path",
    frames: [frameOf(FRAME.headers, END, 1, encodeFields({ ":method": "POST", ":scheme": "http" }))],
    code: CODE.protocol,
  },
  {
    what: "data after the end",
    frames: [frameOf(FRAME.headers, END, 1, CALL), frameOf(FRAME.data, 0, 1, Buffer.alloc(1))],
    code: CODE.streamClosed,
  },
  {
    what: "trailers that do not end",
    frames: [
      frameOf(FRAME.headers, FLAG.endHeaders, 1, CALL),
      frameOf(FRAME.headers, FLAG.endHeaders, 1, encodeFields({ a: "b" })),
    ],
    code: CODE.protocol,
  },
  {
    what: "trailers with a field of HTTP/2's own",
    frames: [
      frameOf(FRAME.headers, FLAG.endHeaders, 1, CALL),
      frameOf(FRAME.headers, END, 1, encodeFields({ ":path": "/a/b" })),
    ],
    code: CODE.protocol,
  },
  {
    what: "a length that is no number",
    frames: [frameOf(FRAME.headers, FLAG.endHeaders, 1, announcing("12, 13"))],
    code: CODE.protocol,
  },
  {
    what: "a length without data",
    frames: [frameOf(FRAME.headers, END, 1, announcing("1"))],
    code: CODE.protocol,
  },
  {
    what: "more data than announced",
    frames: [
      frameOf(FRAME.headers, FLAG.endHeaders, 1, announcing("10")),
      frameOf(FRAME.data, 0, 1, Buffer.alloc(10)),
      frameOf(FRAME.data, 0, 1, Buffer.alloc(1)),
    ],
    code: CODE.protocol,
  },
  {
    what: "fewer data than announced",
    frames: [
      frameOf(FRAME.headers, FLAG.endHeaders, 1, announcing("10")),
      frameOf(FRAME.data, FLAG.endStream, 1, Buffer.alloc(9)),
    ],
    code: CODE.protocol,
  },
  {
    what: "trailers before all announced data",
    frames: [
      frameOf(FRAME.headers, FLAG.endHeaders, 1, announcing("10")),
      frameOf(FRAME.headers, END, 1, encodeFields({ a: "b" })),
    ],
    code: CODE.protocol,
  },
  {
    what: "data beyond the window",
    frames: [
      frameOf(FRAME.headers, FLAG.endHeaders, 1, CALL),
      ...Array.from({ length: 5 }, () => frameOf(FRAME.data, 0, 1, Buffer.alloc(16_000))),
    ],
    code: CODE.flowControl,
  },
])("$what resets that call alone", async ({ frames, code }) => {
  const socket = new FakeSocket();
  const { session, invalid } = sessionOn(socket, () => undefined);
  socket.push(Buffer.concat([HELLO, ...frames]));
  await nextPass();
  expect(invalid).toEqual([]);
  const reset = socket.frames.find(({ type }) => type === FRAME.reset);
  expect([reset?.stream, reset?.payload.readUInt32BE(0)]).toEqual([1, code]);
  expect(session.destroyed).toBe(false);
  session.destroy();
});

test("a request that has the length that it announced is whole", async () => {
  const socket = new FakeSocket();
  let ended = 0;
  const end = () => {
    ended += 1;
  };
  const { session } = sessionOn(socket, (stream) => stream.read({ data: () => undefined, end }));
  const whole = (id: number, ...frames: Buffer[]) => [
    frameOf(FRAME.headers, FLAG.endHeaders, id, announcing("10")),
    frameOf(FRAME.data, 0, id, Buffer.alloc(9)),
    ...frames,
  ];
  const calls = [
    ...whole(1, frameOf(FRAME.data, FLAG.endStream, 1, Buffer.alloc(1))),
    // A byte of padding.
    ...whole(3, frameOf(FRAME.data, FLAG.endStream | FLAG.padded, 3, Buffer.from([1, 0, 0]))),
    ...whole(
      5,
      frameOf(FRAME.data, 0, 5, Buffer.alloc(1)),
      frameOf(FRAME.headers, END, 5, CALL.subarray(0, 0)),
    ),
    frameOf(FRAME.headers, END, 7, announcing("0")),
  ];
  socket.push(Buffer.concat([HELLO, ...calls]));
  await nextPass();
  expect([ended, socket.frames.filter(({ type }) => type === FRAME.reset)]).toEqual([4, []]);
  session.destroy();
});

test("a flood of settings ends its connection: each costs work for every stream", async () => {
  const socket = new FakeSocket();
  const { session, invalid } = sessionOn(socket, () => undefined, 1_000);
  const settings = (at: number) =>
    frameOf(FRAME.settings, 0, 0, Buffer.concat([Buffer.from([0, 4]), number(at)]));
  socket.push(Buffer.concat([HELLO, ...Array.from({ length: 50 }, (_, at) => settings(at))]));
  await nextPass();
  expect(session.destroyed).toBe(false);
  socket.push(Buffer.concat(Array.from({ length: 60 }, (_, at) => settings(at))));
  await nextPass();
  expect(invalid.map(({ code }) => code)).toEqual([CODE.enhanceYourCalm]);
});

test("bytes that wait for their reader are counted, and end their stream when they are too many", async () => {
  const socket = new FakeSocket();
  const streams: ServerStream[] = [];
  const counts: number[] = [];
  const { session } = sessionOn(socket, (stream) => {
    streams.push(stream);
    stream.countHeld((bytes) => {
      counts.push(bytes);
      return bytes <= 1_000;
    });
  });
  const data = (bytes: number) => frameOf(FRAME.data, 0, 1, Buffer.alloc(bytes));
  socket.push(Buffer.concat([HELLO, frameOf(FRAME.headers, FLAG.endHeaders, 1, CALL), data(400), data(600)]));
  await nextPass();
  expect([counts, session.callBytes]).toEqual([[400, 1_000], 1_000]);
  socket.push(data(1));
  await nextPass();
  expect(counts).toEqual([400, 1_000, 1_001, 0]);
  expect(streams[0]?.isClosed).toBe(true);
  session.destroy();
});

test("what comes for a stream that drops it opens no window, and accounts for nothing", async () => {
  const socket = new FakeSocket();
  const { session } = sessionOn(socket, (stream) => stream.drop());
  const data = (bytes: number) => frameOf(FRAME.data, 0, 1, Buffer.alloc(bytes));
  socket.push(Buffer.concat([HELLO, frameOf(FRAME.headers, FLAG.endHeaders, 1, CALL)]));
  socket.push(Buffer.concat(Array.from({ length: 4 }, () => data(16_000))));
  await nextPass();
  const windows = socket.frames.filter(({ type, stream }) => type === FRAME.window && stream !== 0);
  expect([windows, session.callBytes]).toEqual([[], 0]);
  session.destroy();
});

test("data of a stream that has ended are no sign of life", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const socket = new FakeSocket();
  const { session } = sessionOn(socket, (stream) => stream.reset());
  socket.push(Buffer.concat([HELLO, frameOf(FRAME.headers, FLAG.endHeaders, 1, CALL)]));
  await nextPass();
  for (let half = 0; half < 4; half += 1) {
    expect(session.destroyed).toBe(false);
    vi.advanceTimersByTime(KEEPALIVE.everyMs / 2);
    socket.push(frameOf(FRAME.data, 0, 1, Buffer.alloc(1)));
    await nextPass();
  }
  vi.useRealTimers();
  expect(session.destroyed).toBe(true);
});
