// Correct frames, cut anywhere, have one result: requests and answers are whole, windows are kept, no call is refused.

import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { HeaderDecoder } from "../../../../src/core/wire/http2/hpack/header-decoder.ts";
import type { HeaderValues } from "../../../../src/core/wire/http2/hpack/header-list.ts";
import { FLAG, FRAME, SETTING, WINDOW_BYTES } from "../../../../src/core/wire/http2/protocol.ts";
import type { ServerStream } from "../../../../src/core/wire/http2/server-stream.ts";
import { FakeSocket, type Frame, frameOf, HELLO, sessionOn } from "./http2-world.ts";
import { number, type Sequence, validSequence } from "./valid-sequences.ts";

const SEEDS = 150;
const WIDE = 1_000_000;
const WIDER = 10_000_000;
const answerOf = (bytes: number) => Buffer.alloc(bytes, bytes);

/** At the end every window opens, so that all answers can leave. */
const OPENED = Buffer.concat([
  frameOf(FRAME.settings, 0, 0, Buffer.concat([Buffer.from([0, SETTING.initialWindow]), number(WIDE)])),
  frameOf(FRAME.window, 0, 0, number(WIDER)),
]);

type Requests = Map<number, { headers: HeaderValues; body: Buffer; hasEnded: boolean }>;

/** Keeps the request, and answers it in one of two ways. */
function serve(stream: ServerStream, requests: Requests): void {
  const request = { headers: stream.headers, body: Buffer.alloc(0), hasEnded: false };
  requests.set(stream.id, request);
  stream.read({
    data: (bytes) => {
      request.body = Buffer.concat([request.body, bytes]);
    },
    end: () => {
      request.hasEnded = true;
      const answer = answerOf(Number(stream.headers[":path"]?.slice(1)));
      if (answer.length < 100) stream.answer(answer);
      else {
        stream.begin();
        stream.write(answer.subarray(0, 50), null);
        stream.write(answer.subarray(50), () => stream.finish("ok"));
      }
    },
  });
}

async function run(sequence: Sequence, pieces: readonly Buffer[], random: SeededPrng | null) {
  const socket = new FakeSocket();
  socket.isSlow = random !== null && random.below(2) === 0;
  const requests: Requests = new Map();
  const { session, bugs, invalid } = sessionOn(socket, (stream) => serve(stream, requests));
  for (const piece of pieces) {
    socket.push(piece);
    if (random === null || random.below(5) === 0) await nextPass();
    if (random !== null && random.below(2) === 0) socket.release();
  }
  for (let writes = -1; writes !== socket.written.length; ) {
    writes = socket.written.length;
    socket.release();
    await nextPass();
  }
  expect([bugs, invalid, session.destroyed]).toEqual([[], [], false]);
  session.destroy();
  return { requests, answered: answersIn(socket.frames, sequence) };
}

/** What the caller gets. Windows are checked by the settings that the server has confirmed. */
function answersIn(frames: readonly Frame[], { windows, widened }: Sequence) {
  const decoder = new HeaderDecoder("answer");
  const answers = new Map<number, { heads: HeaderValues[]; body: Buffer }>();
  const resets: number[] = [];
  let [pings, confirmed, left] = [0, 0, 0];
  for (const { type, flags, stream, payload } of frames) {
    const isAck = (flags & FLAG.ack) !== 0;
    const answer = answers.get(stream) ?? { heads: [], body: Buffer.alloc(0) };
    if (type === FRAME.headers) {
      answer.heads.push(decoder.decode(payload) as HeaderValues);
      answers.set(stream, answer);
    } else if (type === FRAME.data) {
      answer.body = Buffer.concat([answer.body, payload]);
      left += payload.length;
      // The first settings name no window, and the last the widest.
      const window = confirmed < 2 ? WINDOW_BYTES : (windows[confirmed - 2] ?? WIDE);
      expect(answer.body.length).toBeLessThanOrEqual(window + (widened.get(stream) ?? 0));
      expect(left).toBeLessThanOrEqual(WINDOW_BYTES + (widened.get(0) ?? 0) + WIDER);
    } else if (type === FRAME.ping && isAck) pings += 1;
    else if (type === FRAME.settings && isAck) confirmed += 1;
    else if (type === FRAME.reset) resets.push(stream);
  }
  return { answers, resets, pings, confirmed };
}

function check(sequence: Sequence, { requests, answered }: Awaited<ReturnType<typeof run>>): void {
  const { answers, ...others } = answered;
  expect(others).toEqual({ resets: [], pings: sequence.pings, confirmed: sequence.windows.length + 2 });
  for (const { id, fields, body, answerBytes, isReset } of sequence.calls) {
    const request = requests.get(id);
    expect(request?.headers).toEqual({
      ...{ ":method": "POST", ":scheme": "http", ":path": `/${answerBytes}` },
      ...fields,
    });
    expect([request?.body.equals(body), request?.hasEnded]).toEqual([true, !isReset]);
    const answer = answers.get(id);
    if (isReset) expect(answer).toBeUndefined();
    else {
      expect(answer?.heads).toMatchObject([{ ":status": "200" }, { "grpc-status": "0" }]);
      expect(answer?.body.equals(answerOf(answerBytes))).toBe(true);
    }
  }
}

/** Pieces of a length that is chosen for all of them. */
function cut(bytes: Buffer, random: SeededPrng): Buffer[] {
  const lengthMax = [1, 15, 2_000, 70_000][random.below(4)] ?? 1;
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 0) {
    pieces.push(bytes.subarray(at, at + 1 + random.below(lengthMax)));
  }
  return pieces;
}

test.each(["frame by frame", "at once", "cut anywhere"])("%s", { timeout: 60_000 }, async (how) => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = new SeededPrng(seed);
    const sequence = validSequence(random);
    const frames = [HELLO, ...sequence.frames, OPENED];
    const all = Buffer.concat(frames);
    try {
      if (how === "frame by frame") check(sequence, await run(sequence, frames, null));
      else if (how === "at once") check(sequence, await run(sequence, [all], null));
      else check(sequence, await run(sequence, cut(all, random), random));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
