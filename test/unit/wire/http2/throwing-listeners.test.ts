// A listener that throws is a bug that is told. It ends neither the process, nor what other listeners hear.

import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test } from "vitest";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { FLAG, FRAME } from "../../../../src/core/wire/http2/protocol.ts";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { FakeSocket, frameOf, HELLO, sessionOn } from "./http2-world.ts";

const CALL = encodeFields({ ":method": "POST", ":scheme": "http", ":path": "/a/b" });
const headersOf = (id: number) => frameOf(FRAME.headers, FLAG.endHeaders, id, CALL);
const bug = (): never => {
  throw new Error("a bug");
};

async function withStreams(count: number, onStream: (stream: ServerStream) => void) {
  const socket = new FakeSocket();
  const scene = sessionOn(socket, onStream);
  const ids = Array.from({ length: count }, (_, index) => 2 * index + 1);
  socket.push(Buffer.concat([HELLO, ...ids.map(headersOf)]));
  await nextPass();
  return { ...scene, socket };
}

test("when a connection closes, all of its listeners and those of its streams hear of it", async () => {
  const heard: string[] = [];
  const { session, bugs } = await withStreams(2, (stream) => {
    stream.onClose(bug);
    stream.onClose(() => heard.push(`stream ${stream.id}`));
  });
  session.onClose(bug);
  session.onClose(() => heard.push("connection"));
  session.destroy();
  await nextPass();
  expect(heard).toEqual(["stream 1", "stream 3", "connection"]);
  expect(bugs).toHaveLength(3);
});

test("a timer may reset a stream whose listener throws", async () => {
  const streams: ServerStream[] = [];
  const { session, bugs } = await withStreams(2, (stream) => {
    streams.push(stream);
    stream.onClose(bug);
  });
  for (const stream of streams) expect(() => stream.reset()).not.toThrow();
  expect(bugs).toHaveLength(2);
  expect(session.destroyed).toBe(false);
  session.destroy();
});

test.each([
  { who: "the door", serve: (): void => bug() },
  { who: "a reader", serve: (stream: ServerStream) => stream.read({ data: bug, end: bug }) },
])("$who that throws ends that stream, and not the connection", async ({ serve }) => {
  let closed = 0;
  const { session, socket, bugs } = await withStreams(2, (stream) => {
    stream.onClose(() => {
      closed += 1;
    });
    if (stream.id === 1) serve(stream);
  });
  socket.push(frameOf(FRAME.data, FLAG.endStream, 1, Buffer.from("a")));
  await nextPass();
  await nextPass();
  expect([closed, session.destroyed]).toEqual([1, false]);
  expect(bugs).toHaveLength(1);
  expect(socket.frames.filter(({ type }) => type === FRAME.reset)).toMatchObject([{ stream: 1 }]);
  session.destroy();
});
