// The settings that a client announces (RFC 9113, 6.5). Those that only servers use are checked and ignored.

import {
  CODE,
  ConnectionError,
  FRAME_BYTES_LIMIT,
  FRAME_BYTES_MAX,
  SETTING,
  WINDOW_BYTES_LIMIT,
} from "./protocol.ts";

const PAIR_BYTES = 6;
/** Pairs in one frame. */
const PAIRS_MAX = 32;

export interface PeerSettings {
  /** The smallest that it names: a table that was emptied on the way must not be used (RFC 7541, 4.2). */
  readonly tableBytes: number | undefined;
  readonly windowBytes: number | undefined;
  readonly frameBytes: number | undefined;
}

/** Throws a ConnectionError for values that the standard forbids. */
export function readSettings(payload: Buffer): PeerSettings {
  if (payload.length % PAIR_BYTES !== 0) throw new ConnectionError(CODE.frameSize, "settings of no size");
  if (payload.length > PAIRS_MAX * PAIR_BYTES) {
    throw new ConnectionError(CODE.enhanceYourCalm, "too many settings");
  }
  const found = new Map<number, number>();
  let tableBytes: number | undefined;
  for (let at = 0; at < payload.length; at += PAIR_BYTES) {
    const [id, value] = [payload.readUInt16BE(at), payload.readUInt32BE(at + 2)];
    check(id, value);
    found.set(id, value);
    if (id === SETTING.headerTableSize) tableBytes = Math.min(tableBytes ?? value, value);
  }
  return {
    tableBytes,
    windowBytes: found.get(SETTING.initialWindow),
    frameBytes: found.get(SETTING.frameBytes),
  };
}

/** RFC 9113, 6.5.2. */
function check(id: number, value: number): void {
  if (id === SETTING.enablePush && value > 1)
    throw new ConnectionError(CODE.protocol, "a bad setting of push");
  if (id === SETTING.initialWindow && value > WINDOW_BYTES_LIMIT) {
    throw new ConnectionError(CODE.flowControl, "a window beyond the limit");
  }
  const isFrameSize = id === SETTING.frameBytes;
  if (isFrameSize && (value < FRAME_BYTES_MAX || value > FRAME_BYTES_LIMIT)) {
    throw new ConnectionError(CODE.protocol, "a bad size of frames");
  }
}
