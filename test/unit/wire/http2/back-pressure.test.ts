// Each state of writing and of reading has one way out, whatever comes in between. By seed, on a fake socket.

import { setImmediate as nextPass } from "node:timers/promises";
import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { encodeFields } from "../../../../src/core/wire/http2/hpack/answer-blocks.ts";
import { Output, READING_STOPS_AT } from "../../../../src/core/wire/http2/output.ts";
import { FLAG, FRAME } from "../../../../src/core/wire/http2/protocol.ts";
import { Reading } from "../../../../src/core/wire/http2/reading.ts";
import { FakeSocket, frameOf, HELLO, sessionOn } from "./http2-world.ts";

const SEEDS = 100;
const STEPS = 60;
const CALL = encodeFields({ ":method": "POST", ":scheme": "http", ":path": "/a/b" });

test("whatever is pushed leaves in order, one write at a time, and whoever waits for room is told", async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = new SeededPrng(seed);
    const writes: Buffer[] = [];
    let underWay: (() => void) | null = null;
    let told = 0;
    const write = (bytes: Uint8Array, written: () => void) => {
      expect(underWay, "one write at a time").toBeNull();
      writes.push(Buffer.from(bytes));
      underWay = written;
    };
    const output = new Output({ write }, () => {
      told += 1;
    });
    const pushed: Buffer[] = [];
    const finish = () => {
      const written = underWay;
      underWay = null;
      written?.();
    };
    for (let step = 0; step < STEPS; step += 1) {
      const what = random.below(4);
      if (what < 2) {
        const bytes = Buffer.alloc(1 + random.below(random.below(5) === 0 ? 50_000 : 500), step);
        pushed.push(bytes);
        output.push(bytes);
      } else if (what === 2) finish();
      else await new Promise((resume) => process.nextTick(resume));
      if (output.isFull) expect(["scheduled", "writing"]).toContain(output.state);
    }
    const before = told;
    const wasBusy = output.state !== "idle";
    for (let round = 0; round < 2 * STEPS && output.state !== "idle"; round += 1) {
      await new Promise((resume) => process.nextTick(resume));
      finish();
    }
    expect({ seed, state: output.state, isFull: output.isFull }).toEqual({
      seed,
      state: "idle",
      isFull: false,
    });
    if (wasBusy) expect(told).toBeGreaterThan(before);
    expect(Buffer.concat(writes).equals(Buffer.concat(pushed)), `seed ${seed}`).toBe(true);
  }
});

test("frames of one turn leave in one write", async () => {
  const writes: number[] = [];
  const write = (bytes: Uint8Array, written: () => void) => {
    writes.push(bytes.length);
    written();
  };
  const output = new Output({ write }, () => undefined);
  for (let frame = 0; frame < 10; frame += 1) output.push(Buffer.alloc(7));
  expect(writes).toEqual([]);
  await nextPass();
  expect(writes).toEqual([70]);
});

test("a write that fails makes no room: the socket's end follows", async () => {
  let told = 0;
  const write = (_: Uint8Array, written: (error?: Error) => void) => written(new Error("ECONNRESET"));
  const output = new Output({ write }, () => {
    told += 1;
  });
  output.push(Buffer.from("lost"));
  await nextPass();
  expect([told, output.state, output.hasLeft(output.pushed)]).toEqual([0, "over", false]);
});

test("nothing leaves after the end, and what waited is returned", async () => {
  const writes: Uint8Array[] = [];
  const output = new Output({ write: (bytes) => writes.push(bytes) }, () => undefined);
  output.push(Buffer.from("rest"));
  expect(output.end().toString()).toBe("rest");
  output.push(Buffer.from("late"));
  await nextPass();
  expect(writes).toEqual([]);
});

test("a socket is paused exactly while a reason stands", () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = new SeededPrng(seed);
    let isPaused = false;
    const source = {
      pause: () => {
        expect(isPaused, "it is paused once").toBe(false);
        isPaused = true;
      },
      resume: () => {
        expect(isPaused, "it is resumed once").toBe(true);
        isPaused = false;
      },
      isPaused: () => isPaused,
    };
    const reading = new Reading(source);
    const standing = new Set<string>();
    for (let step = 0; step < STEPS; step += 1) {
      const reason = random.below(2) === 0 ? "paced" : "full";
      if (random.below(2) === 0) {
        reading.stop(reason);
        standing.add(reason);
      } else {
        reading.goOn(reason);
        standing.delete(reason);
      }
      expect(isPaused).toBe(standing.size > 0);
    }
  }
});

test("calls that were not handled before their connection broke begin no more", async () => {
  const socket = new FakeSocket();
  const opened: number[] = [];
  const { session, bugs } = sessionOn(socket, (stream) => {
    opened.push(stream.id);
    stream.refuse(Buffer.alloc(2 * READING_STOPS_AT));
  });
  const call = (id: number) => frameOf(FRAME.headers, FLAG.endHeaders | FLAG.endStream, id, CALL);
  socket.isSlow = true;
  socket.push(Buffer.concat([HELLO, call(1)]));
  await nextPass();
  expect(socket.isPaused(), "its answer waits").toBe(true);
  socket.push(call(3));
  socket.release(new Error("ECONNRESET"));
  await nextPass();
  expect([opened, bugs, session.destroyed]).toEqual([[1], [], true]);
});

test("calls that waited for the next pass when their connection broke begin no more", async () => {
  const socket = new FakeSocket();
  const opened: number[] = [];
  const { session, bugs } = sessionOn(socket, (stream) => opened.push(stream.id));
  socket.push(HELLO);
  await nextPass();
  session.stopReading();
  socket.push(frameOf(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, CALL));
  socket.closesLate = true;
  socket.destroy();
  session.readOn();
  await nextPass();
  await nextPass();
  expect([opened, bugs, session.destroyed]).toEqual([[], [], true]);
});
