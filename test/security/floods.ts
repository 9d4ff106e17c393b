// Floods of frames that begin no call, as bytes: each is what one connection sends again and again.

import type { TLSSocket } from "node:tls";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import {
  ACK,
  callHeaders,
  END_HEADERS,
  END_STREAM,
  FRAMES,
  field,
  flood,
  frame,
  LAST_FIELD,
  number,
  PADDED,
  times,
} from "./raw-frames.ts";

/** Numbers of streams that each write of a flood may use. */
const STREAMS_A_WRITE = 200;
const CANCEL = number(8);
const settings = Buffer.concat([Buffer.from([0, 4]), number(65_535)]);

/** What a connection begins with, and what it sends again and again; `stream`: a new number each time. */
export interface Flood {
  /** The caller has asked for the end: it is not counted. */
  readonly isFarewell?: true;
  readonly first?: Buffer;
  readonly again: Buffer | ((stream: number) => Buffer);
}

/** Where a flood needs a call, it calls `path`. */
export function floodsOf(path: string): Readonly<Record<string, Flood>> {
  const headersOfCall = callHeaders(path);
  const call = (stream: number, headers = headersOfCall) =>
    frame(FRAMES.headers, END_HEADERS | END_STREAM, stream, headers);
  const open = frame(FRAMES.headers, END_HEADERS, 1, headersOfCall);
  const manyFields = (value: string, count: number) =>
    Buffer.concat([headersOfCall, field("a", value, true), Buffer.alloc(count, LAST_FIELD)]);
  return {
    PING: { again: times(500, frame(FRAMES.ping, 0, 0, Buffer.alloc(8))) },
    "answers to pings": { again: times(500, frame(FRAMES.ping, ACK, 0, Buffer.alloc(8))) },
    SETTINGS: { again: times(500, frame(FRAMES.settings, 0, 0)) },
    "SETTINGS with a value": { again: times(200, frame(FRAMES.settings, 0, 0, settings)) },
    "SETTINGS with thousands of values": { again: frame(FRAMES.settings, 0, 0, times(2_000, settings)) },
    PRIORITY: { again: times(500, frame(FRAMES.priority, 0, 9, Buffer.from([0, 0, 0, 1, 1]))) },
    "GOAWAY, which ends a connection": {
      isFarewell: true,
      again: times(500, frame(FRAMES.goaway, 0, 0, Buffer.alloc(8))),
    },
    ORIGIN: { again: times(500, frame(FRAMES.origin, 0, 0)) },
    "frames of no known type": { again: times(500, frame(FRAMES.unknown, 0, 0)) },
    "CONTINUATION, empty": {
      first: frame(FRAMES.headers, 0, 1, headersOfCall),
      again: times(500, frame(FRAMES.continuation, 0, 1)),
    },
    "CONTINUATION, full": {
      first: frame(FRAMES.headers, 0, 1, headersOfCall),
      again: frame(FRAMES.continuation, 0, 1, times(100, field("a", "b".repeat(100)))),
    },
    "WINDOW_UPDATE of the connection": { again: times(500, frame(FRAMES.window, 0, 0, number(1))) },
    "WINDOW_UPDATE of a stream": { first: open, again: times(500, frame(FRAMES.window, 0, 1, number(1))) },
    "empty DATA": { first: open, again: times(500, frame(FRAMES.data, 0, 1)) },
    "DATA of one byte": {
      first: Buffer.concat([open, frame(FRAMES.data, 0, 1, framed(Buffer.alloc(0)).subarray(0, 1))]),
      again: times(500, frame(FRAMES.data, 0, 1, Buffer.from([1]))),
    },
    "DATA that is padding": {
      first: open,
      again: times(
        100,
        frame(FRAMES.data, PADDED, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)])),
      ),
    },
    "RST_STREAM of an ended stream": {
      first: Buffer.concat([call(1), frame(FRAMES.reset, 0, 1, CANCEL)]),
      again: times(500, frame(FRAMES.reset, 0, 1, CANCEL)),
    },
    "calls that are reset at once": {
      again: (stream) =>
        Buffer.concat(
          Array.from({ length: STREAMS_A_WRITE }, (_, at) => stream + 2 * at).flatMap((each) => [
            call(each),
            frame(FRAMES.reset, 0, each, CANCEL),
          ]),
        ),
    },
    "headers that HTTP/2 forbids": { again: (stream) => call(stream, field("UPPER", "x")) },
    "huge lists of headers": {
      again: (stream) => call(stream, Buffer.concat([headersOfCall, times(180, field("a", "b".repeat(60)))])),
    },
    "thousands of small headers": { again: (stream) => call(stream, manyFields("", 3_000)) },
    "an HPACK bomb": { again: (stream) => call(stream, manyFields("x".repeat(3_900), 8_000)) },
  };
}

/** As `flood` does; the answers are read. */
export function play(
  socket: TLSSocket,
  { first = Buffer.alloc(0), again }: Flood,
  bytesMax: number,
): Promise<boolean> {
  socket.resume();
  socket.write(first);
  let stream = 1;
  const next = () => {
    stream += 2 * STREAMS_A_WRITE;
    return typeof again === "function" ? again(stream) : again;
  };
  return flood(socket, next, bytesMax);
}
