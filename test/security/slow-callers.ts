// Callers that begin something on a connection and never continue, or never read what is answered.

import type { TLSSocket } from "node:tls";
import {
  callHeaders,
  END_HEADERS,
  FRAMES,
  frame,
  type OwnPair,
  openRaw,
  openTls,
  times,
} from "./raw-frames.ts";

/** Where it needs a call, it calls `path`. */
export type Slow = (pair: OwnPair, address: string, path: string) => Promise<TLSSocket>;

const afterwards =
  (frames: (path: string) => readonly Buffer[]): Slow =>
  async (pair, address, path) => {
    const socket = await openRaw(address, pair);
    for (const each of frames(path)) socket.write(each);
    return socket;
  };

/** Reads nothing, so that the answers stay with the server. */
const deaf =
  (again: Buffer): Slow =>
  async (pair, address) => {
    const socket = await openRaw(address, pair);
    socket.pause();
    const timer = setInterval(() => socket.writable && socket.writableLength === 0 && socket.write(again), 1);
    socket.once("close", () => clearInterval(timer));
    return socket;
  };

export const SLOW: Readonly<Record<string, Slow>> = {
  "TLS, and no HTTP/2": (pair, address) => openTls(address, pair),
  "half of HTTP/2's preface": async (pair, address) => {
    const socket = await openTls(address, pair);
    socket.write("PRI * HTTP/2.0\r\n");
    return socket;
  },
  "no answer to a ping": afterwards(() => []),
  "half of a frame's head": afterwards(() => [Buffer.from([0, 0, 1])]),
  "headers that never end": afterwards((path) => [frame(FRAMES.headers, 0, 1, callHeaders(path))]),
  "headers of which a byte comes now and then": async (pair, address, path) => {
    const socket = await openRaw(address, pair);
    socket.write(frame(FRAMES.headers, 0, 1, callHeaders(path)).subarray(0, 9));
    const timer = setInterval(() => socket.writable && socket.write(Buffer.from([0])), 50);
    socket.once("close", () => clearInterval(timer));
    return socket;
  },
  "a call whose request never ends": afterwards((path) => [
    frame(FRAMES.headers, END_HEADERS, 1, callHeaders(path)),
    frame(FRAMES.data, 0, 1, Buffer.alloc(2)),
  ]),
  "pings whose answers are not read": deaf(times(500, frame(FRAMES.ping, 0, 0, Buffer.alloc(8)))),
  "settings whose answers are not read": deaf(times(500, frame(FRAMES.settings, 0, 0))),
};
