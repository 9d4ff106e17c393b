// Answers as their callers get them. They come whole and with their status, however large they are and however slowly
// they are read. Small ones come in one write.

import { once } from "node:events";
import { connect } from "node:http2";
import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test } from "vitest";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { HeaderDecoder } from "../../../../src/core/wire/http2/hpack/header-decoder.ts";
import { FLAG, FRAME } from "../../../../src/core/wire/http2/protocol.ts";
import { HEADER_BYTES } from "../../../../src/core/wire/server/message-frames.ts";
import { answer } from "../../../../src/core/wire/server/stream-answer.ts";
import { FakeSocket, frameOf, framesIn, HELLO, listening, sessionOn } from "./http2-world.ts";

const PAUSES = 20;
const CALL = encodeFields({ ":method": "POST", ":scheme": "http", ":path": "/a/b" });
const END = FLAG.endHeaders | FLAG.endStream;

// The window of a stream is 64 kB.
test.each([0, 1, 16_379, 16_380, 65_530, 65_535, 70_000, 5_000_000])(
  "%i bytes, read slowly",
  async (length) => {
    const message = Buffer.alloc(length, 7);
    const { port, close, bugs } = await listening((stream) => answer(stream, message));
    const session = connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.end();
    const trailers = once(stream, "trailers");
    const chunks: Buffer[] = [];
    for await (const chunk of stream) {
      chunks.push(chunk);
      for (let pause = 0; pause < PAUSES && chunks.length < 50; pause += 1) await nextPass();
    }
    const [told] = await trailers;
    session.close();
    await close();
    const whole = Buffer.concat(chunks);
    expect(whole.readUInt32BE(1)).toBe(length);
    expect(whole.subarray(HEADER_BYTES).equals(message)).toBe(true);
    expect(told).toMatchObject({ "grpc-status": "0" });
    expect(bugs).toEqual([]);
  },
);

test("headers, message and trailers of the calls of one turn leave in one write", async () => {
  const socket = new FakeSocket();
  const { session } = sessionOn(socket, (stream) => answer(stream, Buffer.from("hello")));
  socket.push(HELLO);
  await nextPass();
  const before = socket.written.length;
  socket.push(Buffer.concat([1, 3, 5].map((id) => frameOf(FRAME.headers, END, id, CALL))));
  await nextPass();
  expect(socket.written.length).toBe(before + 1);
  const frames = framesIn(socket.written.at(-1) ?? Buffer.alloc(0));
  const { headers, data } = FRAME;
  const kinds = frames.map(({ stream, type, flags }) => [stream, type, flags & FLAG.endStream]);
  expect(kinds).toEqual(
    [1, 3, 5].flatMap((id) => [
      [id, headers, 0],
      [id, data, 0],
      [id, headers, FLAG.endStream],
    ]),
  );
  session.destroy();
});

test("a caller whose table is small gets the same headers", async () => {
  for (const headerTableSize of [0, 100, 4_096]) {
    const { port, close } = await listening((stream) => answer(stream, Buffer.alloc(3)));
    const session = connect(`http://127.0.0.1:${port}`, { settings: { headerTableSize } });
    for (let call = 0; call < 3; call += 1) {
      const stream = session.request({ ":method": "POST", ":path": "/" }, { endStream: true });
      stream.resume();
      const [[head], [end]] = await Promise.all([once(stream, "response"), once(stream, "trailers")]);
      expect(head).toMatchObject({ ":status": 200, "content-type": "application/grpc+proto" });
      expect(end).toMatchObject({ "grpc-status": "0" });
    }
    session.close();
    await close();
  }
});

test("large answers to callers that read share a connection with small ones", async () => {
  const { port, close } = await listening((stream) => {
    answer(stream, Buffer.alloc(Number(stream.headers[":path"]?.slice(1))));
  });
  const session = connect(`http://127.0.0.1:${port}`);
  const ask = async (size: number) => {
    const stream = session.request({ ":method": "POST", ":path": `/${size}` }, { endStream: true });
    let bytes = 0;
    for await (const chunk of stream) bytes += chunk.length;
    return bytes - HEADER_BYTES;
  };
  const large = [ask(5_000_000), ask(5_000_000)];
  await nextPass();
  expect(await ask(10)).toBe(10);
  expect(await Promise.all(large)).toEqual([5_000_000, 5_000_000]);
  session.close();
  await close();
});

test("what a call waits for is held up by its window, and others are not", async () => {
  const socket = new FakeSocket();
  const read: number[] = [];
  const { session } = sessionOn(socket, (stream) => {
    // The first call waits.
    if (stream.id === 1) return;
    stream.read({ data: ({ length }) => read.push(length), end: () => undefined });
  });
  const open = (id: number) => frameOf(FRAME.headers, FLAG.endHeaders, id, CALL);
  const data = (id: number) => frameOf(FRAME.data, 0, id, Buffer.alloc(16_000));
  socket.push(Buffer.concat([HELLO, open(1), open(3), ...[1, 1, 1, 1].map(data), ...[3, 3, 3].map(data)]));
  await nextPass();
  const widened = socket.frames.filter(({ type }) => type === FRAME.window).map(({ stream }) => stream);
  expect(new Set(widened)).toEqual(new Set([0, 3]));
  expect(read).toEqual([16_000, 16_000, 16_000]);
  session.destroy();
});

test("a caller whose table was emptied and is large again gets headers that do not use it", async () => {
  const socket = new FakeSocket();
  const { session } = sessionOn(socket, (stream) => answer(stream, Buffer.alloc(3)));
  const table = (bytes: number) => Buffer.from([0, 1, 0, 0, bytes >>> 8, bytes & 255]);
  const settings = frameOf(FRAME.settings, 0, 0, Buffer.concat([0, 4_096].map(table)));
  socket.push(Buffer.concat([HELLO, frameOf(FRAME.headers, END, 1, CALL)]));
  socket.push(Buffer.concat([settings, frameOf(FRAME.headers, END, 3, CALL)]));
  await nextPass();
  const blocks = socket.frames.filter(({ stream, type }) => stream === 3 && type === FRAME.headers);
  expect(blocks.length).toBe(2);
  // RFC 7541, 6.3: the size is 0 from now on.
  expect(blocks[0]?.payload[0]).toBe(0x20);
  const decoder = new HeaderDecoder("answer");
  expect(blocks.map(({ payload }) => decoder.decode(payload))).toMatchObject([
    { ":status": "200", "content-type": "application/grpc+proto" },
    { "grpc-status": "0" },
  ]);
  session.destroy();
});
