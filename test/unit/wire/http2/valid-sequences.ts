// Random sequences of frames that a correct client may send, with what its server must make of them. Calls are
// interleaved. Their headers come in pieces, padded or not, and use the table; windows shrink below what has left.

import type { SeededPrng } from "../../../../src/core/base/prng.ts";
import { CODE, FLAG, FRAME, SETTING } from "../../../../src/core/wire/http2/protocol.ts";
import { frameOf } from "./http2-world.ts";

const CALLS_MAX = 6;
/** As many as a block may have after its first frame. */
const PIECES_MAX = 8;
/** Padding included: less than a stream's first window. */
const BODY_BYTES_MAX = 60_000;
/** RFC 7541, Appendix A: POST, http, and the name of the path. */
const HEAD = Buffer.from([0x83, 0x86, 0x04]);
const FIRST_OF_TABLE = 62;

interface Call {
  readonly id: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** How many bytes the answer has. */
  readonly answerBytes: number;
  /** The caller ends it before its request is whole. */
  readonly isReset: boolean;
}

export interface Sequence {
  readonly frames: readonly Buffer[];
  readonly calls: readonly Call[];
  readonly pings: number;
  /** The initial windows of streams, as they change. */
  readonly windows: readonly number[];
  /** By how much the windows of streams grow, by their ids; 0 is the connection's. */
  readonly widened: ReadonlyMap<number, number>;
}

export const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const setting = (id: number, value: number) => Buffer.concat([Buffer.from([0, id]), number(value)]);
const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
const range = (count: number) => Array.from({ length: count }, (_, at) => at);

/** Makes header blocks; each field that it keeps can be named by its index afterwards. */
class Encoder {
  readonly #kept: (readonly [string, string])[] = [];

  block(path: string, fields: Readonly<Record<string, string>>, random: SeededPrng): Buffer {
    const parts: Buffer[] = [HEAD, text(path)];
    for (const [name, value] of Object.entries(fields)) parts.push(this.#field(name, value, random));
    return Buffer.concat(parts);
  }

  #field(name: string, value: string, random: SeededPrng): Buffer {
    const age = this.#kept.findIndex(([known, same]) => known === name && same === value);
    if (age >= 0) return Buffer.from([0x80 | (FIRST_OF_TABLE + age)]);
    const isKept = random.below(2) === 0;
    if (isKept) this.#kept.unshift([name, value]);
    return Buffer.concat([Buffer.from([isKept ? 0x40 : 0x10]), text(name), text(value)]);
  }
}

/** Some bytes before a payload say how many of padding follow it. */
function padded(payload: Buffer, random: SeededPrng): readonly [number, Buffer] {
  if (random.below(3) > 0) return [0, payload];
  const bytes = random.below(random.below(2) === 0 ? 3 : 256);
  return [FLAG.padded, Buffer.concat([Buffer.from([bytes]), payload, Buffer.alloc(bytes)])];
}

/** HEADERS, and the frames that continue them: nothing comes between them. */
function headersFrames(id: number, block: Buffer, ends: number, random: SeededPrng): Buffer {
  const cuts = range(random.below(PIECES_MAX + 1)).map(() => random.below(block.length + 1));
  const edges = [0, ...cuts.sort((left, right) => left - right), block.length];
  const pieces = edges.slice(1).map((end, at) => block.subarray(edges[at], end));
  const frames = pieces.map((piece, at) => {
    const last = at === pieces.length - 1 ? FLAG.endHeaders : 0;
    if (at > 0) return frameOf(FRAME.continuation, last, id, piece);
    const hasPriority = random.below(3) === 0;
    const priority = hasPriority ? Buffer.concat([number(id + 2), Buffer.from([7])]) : Buffer.alloc(0);
    const [flag, payload] = padded(Buffer.concat([priority, piece]), random);
    return frameOf(FRAME.headers, last | ends | flag | (hasPriority ? FLAG.priority : 0), id, payload);
  });
  return Buffer.concat(frames);
}

function dataFrames(id: number, body: Buffer, ends: boolean, random: SeededPrng): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const part = body.subarray(at, at + 1 + random.below([5, 500, 16_000][random.below(3)] ?? 5));
    at += part.length;
    const [flag, payload] = padded(part, random);
    const last = ends && at === body.length ? FLAG.endStream : 0;
    frames.push(frameOf(FRAME.data, flag | last, id, payload));
  }
  return frames;
}

function callFrames(call: Call, encoder: Encoder, random: SeededPrng): Buffer[] {
  const { id, body, isReset } = call;
  const block = encoder.block(`/${call.answerBytes}`, call.fields, random);
  if (body.length === 0 && !isReset) return [headersFrames(id, block, FLAG.endStream, random)];
  const hasTrailers = !isReset && random.below(3) === 0;
  const frames = [
    headersFrames(id, block, 0, random),
    ...dataFrames(id, body, !hasTrailers && !isReset, random),
  ];
  if (isReset) frames.push(frameOf(FRAME.reset, 0, id, number(CODE.cancel)));
  // A literal, so that these may come in any order with the headers of other calls.
  const trailers = Buffer.concat([Buffer.from([0x10]), text("x-end"), text("1")]);
  if (hasTrailers) frames.push(headersFrames(id, trailers, FLAG.endStream, random));
  return frames;
}

/** `random` decides everything. The sequence begins after the preface and the first settings. */
export function validSequence(random: SeededPrng): Sequence {
  const encoder = new Encoder();
  const calls: Call[] = [];
  const windows: number[] = [];
  const widened = new Map<number, number>();
  let pings = 0;
  const widen = (id: number, bytes: number) => {
    widened.set(id, (widened.get(id) ?? 0) + bytes);
    return frameOf(FRAME.window, 0, id, number(bytes));
  };
  const beside = (): Buffer => {
    const last = calls.at(-1);
    switch (random.below(6)) {
      case 0:
        pings += 1;
        return frameOf(FRAME.ping, 0, 0, Buffer.alloc(8, pings));
      case 1: {
        const window = [0, 1, 100, 65_535, 200_000][random.below(5)] ?? 0;
        windows.push(window);
        return frameOf(FRAME.settings, 0, 0, setting(SETTING.initialWindow, window));
      }
      case 2:
        return widen(0, 1 + random.below(100_000));
      case 3:
        return widen(last?.id ?? 0, 1 + random.below(1_000));
      case 4:
        return frameOf(FRAME.priority, 0, 101, Buffer.from([0, 0, 0, 1, 9]));
      default:
        return frameOf(0x77, 0xff, random.below(9), Buffer.alloc(random.below(50)));
    }
  };
  const frames: Buffer[] = [];
  const open: Buffer[][] = [];
  for (let toOpen = 1 + random.below(CALLS_MAX); toOpen > 0 || open.length > 0; ) {
    const turn = random.below(open.length + 2);
    const turned = open[turn];
    if (turned !== undefined) {
      frames.push(turned.shift() ?? Buffer.alloc(0));
      if (turned.length === 0) open.splice(turn, 1);
    } else if (turn === open.length && toOpen > 0) {
      toOpen -= 1;
      const call = newCall(2 * calls.length + 1, random);
      calls.push(call);
      const [first = Buffer.alloc(0), ...rest] = callFrames(call, encoder, random);
      // Blocks come in the order in which they were encoded.
      frames.push(first);
      if (rest.length > 0) open.push(rest);
    } else frames.push(beside());
  }
  return { frames, calls, pings, windows, widened };
}

function newCall(id: number, random: SeededPrng): Call {
  const names = range(random.below(4)).map(() => `x-${random.below(4)}`);
  const fields = Object.fromEntries(names.map((name) => [name, `v${random.below(3)}`]));
  const bodyBytes = random.below([1, 100, BODY_BYTES_MAX / 4][random.below(3)] ?? 1);
  const body = Buffer.from(range(bodyBytes).map((at) => (at + id) & 255));
  const answerBytes = 1 + random.below([20, 70_000, 300_000][random.below(3)] ?? 20);
  return { id, fields, body, answerBytes, isReset: random.below(6) === 0 };
}
