// How many writes may be outstanding, and how large: limits that both ends of a write stream rely on.

import { assert } from "../base/assert.ts";
import { MESSAGE_BYTES_MAX } from "./channel-options.ts";

/** How far a client lets a session's newest write be ahead of its oldest outstanding one. */
export const SESSION_WINDOW = 1_000;

/** Unanswered writes of one stream at a replica; further ones are refused as overload. */
export const STREAM_WRITES_MAX = 1_024;

/** The largest request that a client puts on a stream. Replicas accept requests of at most some 6 kB. */
export const WRITE_BYTES_MAX = 32 * 1024;

assert(SESSION_WINDOW <= STREAM_WRITES_MAX, "a session's whole window fits into one stream");
// Halved to leave room for tags and lengths. A message beyond the limit would fail the stream, and with it
// every other write.
assert(SESSION_WINDOW * WRITE_BYTES_MAX <= MESSAGE_BYTES_MAX / 2, "a whole window fits into one message");
