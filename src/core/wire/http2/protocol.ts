// The numbers of HTTP/2 (RFC 9113), and the error that ends a connection.

/** Types of frames (RFC 9113, 6). */
export const FRAME = {
  ...{ data: 0, headers: 1, priority: 2, reset: 3, settings: 4, push: 5 },
  ...{ ping: 6, goaway: 7, window: 8, continuation: 9 },
} as const;

/** Flags of frames; ACK is END_STREAM's bit in other frames. */
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** RFC 9113, 7. */
export const CODE = {
  ...{ noError: 0, protocol: 1, internal: 2, flowControl: 3, streamClosed: 5, frameSize: 6 },
  ...{ refusedStream: 7, cancel: 8, compression: 9, enhanceYourCalm: 11 },
} as const;

/** RFC 9113, 6.5.2. */
export const SETTING = {
  ...{ headerTableSize: 1, enablePush: 2, maxStreams: 3, initialWindow: 4, frameBytes: 5, headerList: 6 },
} as const;

export const FRAME_HEAD_BYTES = 9;
/** The default of both directions; we announce no other (RFC 9113, 6.5.2). */
export const FRAME_BYTES_MAX = 16_384;
export const FRAME_BYTES_LIMIT = 0xffffff;
/** The initial window of a stream and of a connection (RFC 9113, 6.9.2). */
export const WINDOW_BYTES = 65_535;
export const WINDOW_BYTES_LIMIT = 0x7fffffff;
/** Windows are given back in pieces of this size. */
export const GIVE_BACK_BYTES = WINDOW_BYTES >> 1;
/** Of all headers of a request: names, values and 32 for each (RFC 9113, 6.5.2). */
export const HEADER_LIST_BYTES_MAX = 32_768;

/** What a client sends first (RFC 9113, 3.4). */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** The peer broke a rule in a way that ends the connection (RFC 9113, 5.4.1). */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, what: string) {
    super(what);
    this.code = code;
  }
}

export function expect(condition: boolean, what: string): void {
  if (!condition) throw new ConnectionError(CODE.protocol, what);
}

export function expectSize(condition: boolean): void {
  if (!condition) throw new ConnectionError(CODE.frameSize, "a frame of the wrong size");
}

/** The head of a frame, before its payload (RFC 9113, 4.1). */
export function writeHead(
  into: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
) {
  into[at] = length >>> 16;
  into[at + 1] = length >>> 8;
  into[at + 2] = length;
  into[at + 3] = type;
  into[at + 4] = flags;
  into[at + 5] = stream >>> 24;
  into[at + 6] = stream >>> 16;
  into[at + 7] = stream >>> 8;
  into[at + 8] = stream;
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const made = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length);
  writeHead(made, 0, payload.length, type, flags, stream);
  made.set(payload, FRAME_HEAD_BYTES);
  return made;
}

/** A frame whose payload is one number of four bytes: RST_STREAM and WINDOW_UPDATE. */
export function numberFrame(type: number, stream: number, value: number): Buffer {
  const made = Buffer.allocUnsafe(FRAME_HEAD_BYTES + 4);
  writeHead(made, 0, 4, type, 0, stream);
  made.writeUInt32BE(value, FRAME_HEAD_BYTES);
  return made;
}

/** SETTINGS, by their numbers. */
export function settingsFrame(settings: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(6 * settings.length);
  for (const [at, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, 6 * at);
    payload.writeUInt32BE(value, 6 * at + 2);
  }
  return frame(FRAME.settings, 0, 0, payload);
}
