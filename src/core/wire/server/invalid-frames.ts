// How many malformed frames a connection may send. Node refuses each with a reset, before any code of ours
// hears of it: so neither roles, nor limits of identities, nor paced reading count them. Node's own limit is
// 1 000 a connection, and hundreds of connections together fill a pass of the event loop with them. What must
// stay true: a connection that sends many of them ends. Correct clients send few: Node counts a stream
// beyond the allowed number too, and clients open up to 100 before they hear that number.

import type { Http2Server } from "node:http2";

export const INVALID_FRAMES_MAX = 128;

/** For the connections that come later. grpc-js makes the server, and has no option for this. */
export function limitInvalidFrames(http2: Http2Server): void {
  const key = Object.getOwnPropertySymbols(http2).find(({ description }) => description === "options");
  if (key === undefined) return;
  const { [key]: options } = http2 as unknown as Record<symbol, object | undefined>;
  if (options !== undefined) Object.assign(options, { maxSessionInvalidFrames: INVALID_FRAMES_MAX });
}
