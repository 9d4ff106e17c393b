// An answer as its caller gets it: whole and with its status, however large it is and however slowly it is read.

import { once } from "node:events";
import { connect, createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { setImmediate as nextPass } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HEADER_BYTES } from "../../../../src/core/wire/server/message-frames.ts";
import { answer } from "../../../../src/core/wire/server/stream-answer.ts";

const PAUSES = 20;

let server: Http2Server;
let message: Buffer;
beforeEach(async () => {
  server = createServer();
  server.on("stream", (stream) => answer(stream, message));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.close();
  await once(server, "close");
});

// The window of a stream is 64 kB.
test.each([0, 1, 65_530, 65_535, 70_000, 5_000_000])("%i bytes, read slowly", async (length) => {
  message = Buffer.alloc(length, 7);
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
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
  const whole = Buffer.concat(chunks);
  expect(whole.readUInt32BE(1)).toBe(length);
  expect(whole.subarray(HEADER_BYTES).equals(message)).toBe(true);
  expect(told).toMatchObject({ "grpc-status": "0" });
});
