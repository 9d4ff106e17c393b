// A successful answer is one write: its headers, its message and its trailers come to the caller together.

import { once } from "node:events";
import { connect as connectHttp2, createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, connect, createServer as createProxy } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sendOkTrailers } from "../../../../src/core/wire/server/ok-trailers.ts";
import { answer } from "../../../../src/core/wire/server/stream-answer.ts";

const CALLS = 20;
// RFC 9113, 6: the types of frames, and the flag that ends a stream.
const [DATA, HEADERS, END_STREAM] = [0, 1, 1];
const FRAME_HEADER_BYTES = 9;

let server: Http2Server;
beforeEach(async () => {
  server = createServer();
  server.on("stream", (stream) => {
    stream.resume();
    stream.on("end", () => answer(stream, Buffer.from("hello")));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.close();
  await once(server, "close");
});

interface Frame {
  readonly type: number;
  readonly ends: boolean;
  readonly stream: number;
}

/** Of a read that ends with a whole frame, as those of small answers do. */
function framesIn(read: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (
    let at = 0;
    at + FRAME_HEADER_BYTES <= read.length;
    at += FRAME_HEADER_BYTES + read.readUIntBE(at, 3)
  ) {
    const type = read.readUInt8(at + 3);
    const ends = (type === DATA || type === HEADERS) && (read.readUInt8(at + 4) & END_STREAM) !== 0;
    frames.push({ type, ends, stream: read.readUInt32BE(at + 5) });
  }
  return frames;
}

test("headers, message and trailers of a call come in one read, but for a process's first", async () => {
  const reads: Buffer[] = [];
  // A session keeps what it reads to itself.
  const between = createProxy((client) => {
    const upstream = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.pipe(upstream);
    upstream.on("data", (read: Buffer) => {
      reads.push(read);
      client.write(read);
    });
    upstream.on("end", () => client.end());
  });
  between.listen(0, "127.0.0.1");
  await once(between, "listening");
  const session = connectHttp2(`http://127.0.0.1:${(between.address() as AddressInfo).port}`);
  for (let call = 0; call < CALLS; call += 1) {
    const stream = session.request({ ":method": "POST", ":path": "/" });
    const trailers = once(stream, "trailers");
    stream.end("question");
    stream.resume();
    expect((await trailers)[0]).toMatchObject({ "grpc-status": "0" });
    if (!stream.closed) await once(stream, "close");
  }
  session.close();
  between.close();
  const whole = reads
    .map((read) => framesIn(read).filter(({ type }) => type === DATA || type === HEADERS))
    .filter((frames) => frames.map(({ type }) => type).join() === `${HEADERS},${DATA},${HEADERS}`);
  expect(whole.length).toBeGreaterThanOrEqual(CALLS - 1);
  for (const frames of whole) expect(frames.map(({ ends }) => ends)).toEqual([false, false, true]);
});

test("where Node has no handle, trailers go its own way", () => {
  const sent: unknown[] = [];
  sendOkTrailers({
    sendTrailers: (trailers: unknown) => sent.push(trailers),
  } as unknown as ServerHttp2Stream);
  expect(sent).toEqual([{ "grpc-status": "0" }]);
});
