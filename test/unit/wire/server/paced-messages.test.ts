// Messages of streams are handled in shares of a pass of the event loop; what is beyond waits as bytes, in order.

import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test } from "vitest";
import { silentLog } from "../../../../src/core/base/log.ts";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { FLAG, FRAME } from "../../../../src/core/wire/http2/protocol.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { LateRequests } from "../../../../src/core/wire/server/late-requests.ts";
import { framed } from "../../../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../../../src/core/wire/server/method-rules.ts";
import { MESSAGES_MS, PacedMessages } from "../../../../src/core/wire/server/paced-messages.ts";
import { refuse } from "../../../../src/core/wire/server/stream-answer.ts";
import { type StreamHandler, serveStream } from "../../../../src/core/wire/server/stream-call.ts";
import { turns } from "../../../turns.ts";
import { FakeSocket, frameOf, HELLO, sessionOn } from "../http2/http2-world.ts";

const nothing = () => undefined;
const HEADERS = encodeFields({
  ...{ ":method": "POST", ":scheme": "http", ":path": "/a/b", "content-type": "application/grpc" },
});
const EMPTY = framed(Buffer.alloc(0));
const MANY = 3_000;

/** Each decoded message takes `messageMs`. Passes of the event loop end when `endPass` is called. */
function serve(handler: StreamHandler, { messageMs = 1, isReplication = false } = {}) {
  const socket = new FakeSocket();
  const passes: (() => void)[] = [];
  const decoded: Buffer[] = [];
  let nowMs = 0;
  const messages = new PacedMessages({ now: () => nowMs as never, nextPass: (run) => passes.push(run) });
  const requestDeserialize = (bytes: Buffer) => {
    nowMs += messageMs;
    decoded.push(bytes);
    return bytes;
  };
  const definition = { requestStream: true, responseStream: true, path: "/a/b" };
  const served = {
    definition: { ...definition, requestDeserialize, responseSerialize: nothing },
    ...{ handler, rule: { allow: anyIdentity, bytesMax: 100_000, isReplication } },
    errors: new InternalErrors("server", silentLog),
  };
  const budget = {
    ...{ account: null, announce: () => null, refuse, waste: nothing, watch: nothing, wrote: nothing },
    hold: () => nothing,
  };
  const late = new LateRequests();
  const { session, bugs } = sessionOn(socket, (stream) =>
    serveStream(stream, served as never, { cameMs: 0 as never, budget, late, messages }),
  );
  const send = async (...frames: Buffer[]) => {
    socket.push(Buffer.concat(frames));
    await nextPass();
  };
  const endPass = async () => {
    for (const run of passes.splice(0)) run();
    await nextPass();
  };
  return { socket, session, bugs, decoded, send, endPass, passes };
}

const open = (id: number) => frameOf(FRAME.headers, FLAG.endHeaders, id, HEADERS);
const data = (id: number, bytes: Buffer, flags = 0) => frameOf(FRAME.data, flags, id, bytes);
const many = (count: number) => Buffer.concat(Array.from({ length: count }, () => EMPTY));

test("a handler that waits has a few messages decoded, and the others stay bytes", async () => {
  const world = serve((call) => void call.on("data", () => call.pause()), { messageMs: 0 });
  await world.send(HELLO, open(1), data(1, many(MANY)));
  expect(world.decoded.length).toBeLessThanOrEqual(20);
  world.session.destroy();
  expect(world.bugs).toEqual([]);
});

test("a stream handles a share of its messages in each pass, then the next pass goes on", async () => {
  let handled = 0;
  const world = serve((call) => {
    call.on("data", () => {
      handled += 1;
    });
  });
  await world.send(HELLO, open(1), data(1, many(MANY)));
  const share = MESSAGES_MS + 1;
  expect(handled).toBe(share);
  await world.endPass();
  expect(handled).toBe(2 * share);
  world.session.destroy();
});

test("once the share is used up, each stream handles one message in each pass", async () => {
  const handled = new Map<string, number>();
  const world = serve((call) => {
    call.on("data", (bytes: Buffer) => {
      const name = bytes.toString();
      handled.set(name, (handled.get(name) ?? 0) + 1);
    });
  });
  const named = (id: number) =>
    Buffer.concat(Array.from({ length: 100 }, () => framed(Buffer.from(`${id}`))));
  await world.send(HELLO, ...[1, 3, 5].flatMap((id) => [open(id), data(id, named(id))]));
  expect([...handled]).toEqual([
    ["1", MESSAGES_MS + 1],
    ["3", 1],
    ["5", 1],
  ]);
  await world.endPass();
  expect([...handled.values()].slice(1)).toEqual([2, 2]);
  world.session.destroy();
});

test("messages between replicas wait for nothing", async () => {
  const world = serve((call) => void call.on("data", nothing), { isReplication: true });
  await world.send(HELLO, open(1), data(1, many(MANY)));
  expect([world.decoded.length, world.passes.length]).toEqual([MANY, 0]);
  world.session.destroy();
});

test("a call that its handler has ended decodes no more of its messages", async () => {
  const world = serve((call) => void call.on("data", () => call.end()), { messageMs: 0 });
  await world.send(HELLO, open(1), data(1, many(MANY)));
  await world.endPass();
  expect(world.decoded.length).toBeLessThanOrEqual(20);
  expect(world.bugs).toEqual([]);
  world.session.destroy();
});

test("wherever frames end and handlers pause, all messages come in order, and then their end", async () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const random = new SeededPrng(seed);
    const sent = Array.from({ length: 1 + random.below(200) }, (_, at) =>
      Buffer.alloc(random.below([1, 30, 5_000][random.below(3)] ?? 1), at),
    );
    const got: Buffer[] = [];
    let ends = 0;
    const world = serve(
      (call) => {
        call.on("data", (bytes: Buffer) => {
          got.push(bytes);
          if (random.below(3) > 0) return;
          call.pause();
          void nextPass().then(() => call.resume());
        });
        call.on("end", () => {
          ends += 1;
          call.end();
        });
      },
      { messageMs: random.below(8) },
    );
    await world.send(HELLO, open(1));
    const all = Buffer.concat(sent.map(framed)).subarray(0, 60_000);
    const whole = wholeIn(all, sent);
    const bytes = Buffer.concat(whole.map(framed));
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + 1 + random.below([10, 16_000][random.below(2)] ?? 10));
      at += part.length;
      const frames = data(1, part, at === bytes.length ? FLAG.endStream : 0);
      if (random.below(3) === 0) await world.endPass();
      world.socket.push(frames);
    }
    const turn = turns("the end of the stream", 5_000);
    while (ends === 0) {
      turn();
      await world.endPass();
    }
    expect(Buffer.concat(got.map(framed)).equals(bytes), `seed ${seed}`).toBe(true);
    expect({ seed, bugs: world.bugs, ends }).toEqual({ seed, bugs: [], ends: 1 });
    world.session.destroy();
  }
});

/** As many messages as have room. */
function wholeIn(all: Buffer, sent: readonly Buffer[]): readonly Buffer[] {
  let bytes = 0;
  return sent.filter((message) => {
    bytes += framed(message).length;
    return bytes <= all.length;
  });
}
