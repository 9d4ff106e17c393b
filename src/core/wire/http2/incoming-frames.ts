// What a client sends on its connection, frame by frame (RFC 9113, 6). What must stay true: whatever is sent costs
// bounded memory and work. A broken rule of a stream resets that stream, one of the connection throws its error.

import type { MonotonicMs } from "../../base/clock.ts";
import { ClosedStreams } from "./closed-streams.ts";
import { type HeaderBlock, HeaderBlocks, unpadded } from "./header-blocks.ts";
import { type Decoded, HeaderDecoder } from "./hpack/header-decoder.ts";
import { announcedBytes, isRequest, isTrailers, type RequestHeaders } from "./hpack/header-list.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Output } from "./output.ts";
import { readSettings } from "./peer-settings.ts";
import {
  CODE,
  ConnectionError,
  expect,
  expectSize,
  FLAG,
  FRAME,
  frame,
  GIVE_BACK_BYTES,
  numberFrame,
} from "./protocol.ts";
import type { Sender } from "./sender.ts";
import type { ServerStream } from "./server-stream.ts";
import { Strikes } from "./strikes.ts";

/** Malformed calls, and calls beyond the allowed number: clients open up to 100 before they hear that number. */
export const INVALID_CALLS_MAX = 128;
const INVALID_CALLS = { burst: INVALID_CALLS_MAX, perSecond: 1 };
/** As nghttp2 has it: a burst, and so many more each second. */
const USELESS_FRAMES = { burst: 1_000, perSecond: 33 };
/** Each costs work for every open stream. grpc-go's clients change their windows some ten times. */
const SETTINGS = { burst: 100, perSecond: 1 };
const SETTINGS_ACK = frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0));

/** What a connection does about it. */
export interface Receiver {
  readonly now: () => MonotonicMs;
  /** The open streams. */
  readonly streams: Pick<OpenStreams<ServerStream>, "get" | typeof Symbol.iterator>;
  readonly output: Output;
  readonly sender: Sender;
  open(id: number, headers: RequestHeaders, endsStream: boolean): void;
  readonly hasRoom: boolean;
  /** One of both ends has said farewell. */
  readonly isLeaving: boolean;
  widen(stream: ServerStream, bytes: number): void;
  close(stream: ServerStream): void;
  /** Data of an open stream have arrived. */
  heard(): void;
  /** A ping was answered; false if none was sent. */
  pinged(): boolean;
  farewell(): void;
}

export class IncomingFrames {
  readonly #to: Receiver;
  readonly #blocks = new HeaderBlocks();
  readonly #decoder = new HeaderDecoder();
  readonly #strikes: Strikes;
  readonly #invalidCalls: Strikes;
  readonly #settingsFrames: Strikes;
  readonly #closed = new ClosedStreams();
  #hasSettings = false;
  /** The caller said that it opens no more streams. */
  #hasFarewell = false;
  /** Data that arrived on the connection and were not given back to its window. */
  #readBytes = 0;
  /** Of data that open streams have received and someone reads. */
  callBytes = 0;
  /** The newest stream's number. */
  lastStream = 0;

  constructor(to: Receiver) {
    this.#to = to;
    this.#strikes = new Strikes(to.now, USELESS_FRAMES);
    this.#invalidCalls = new Strikes(to.now, INVALID_CALLS);
    this.#settingsFrames = new Strikes(to.now, SETTINGS);
  }

  /** Throws a ConnectionError for a broken rule of the connection. */
  take(type: number, flags: number, id: number, payload: Buffer): void {
    if (this.#blocks.isOpen) {
      this.#call(this.#blocks.go(type, flags, id, payload));
      return;
    }
    if (!this.#hasSettings && (type !== FRAME.settings || (flags & FLAG.ack) !== 0)) {
      throw new ConnectionError(CODE.protocol, "no settings at the start");
    }
    switch (type) {
      case FRAME.data:
        this.#data(flags, id, payload);
        break;
      case FRAME.headers:
        this.#call(this.#blocks.begin(flags, id, payload));
        break;
      case FRAME.reset:
        this.#wasReset(id, payload);
        break;
      case FRAME.settings:
        this.#settings(flags, id, payload);
        break;
      case FRAME.ping:
        this.#ping(flags, id, payload);
        break;
      case FRAME.goaway:
        this.#farewell(id, payload);
        break;
      case FRAME.window:
        this.#window(id, payload);
        break;
      case FRAME.priority:
        expect(id !== 0, "a priority of no stream");
        expectSize(payload.length === 5);
        expect((payload.readUInt32BE(0) & 0x7fffffff) !== id, "a stream that waits for itself");
        this.#strike();
        break;
      case FRAME.push:
      case FRAME.continuation:
        throw new ConnectionError(CODE.protocol, "a frame that may not come here");
      default:
        // Frames of other types are ignored (RFC 9113, 5.5).
        this.#strike();
        break;
    }
  }

  /** RFC 9113, 6.1. */
  #data(flags: number, id: number, payload: Buffer): void {
    expect(id !== 0 && id <= this.lastStream && id % 2 === 1, "data of no stream");
    const { length } = payload;
    const data = unpadded(flags, payload);
    // Given back at once: a call that waits must not hold up others.
    this.#readBytes += length;
    if (this.#readBytes >= GIVE_BACK_BYTES) {
      this.#to.output.push(numberFrame(FRAME.window, 0, this.#readBytes));
      this.#readBytes = 0;
    }
    const ends = (flags & FLAG.endStream) !== 0;
    const stream = this.#to.streams.get(id);
    if (stream === undefined) {
      this.#late(id, ends);
      return;
    }
    this.#to.heard();
    if (stream.isReceived) {
      this.#refuseCall(stream.id, CODE.streamClosed);
      return;
    }
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) {
      this.#refuseCall(id, CODE.flowControl);
      return;
    }
    if (!isAsAnnounced(stream, data.length, ends)) {
      this.#refuseCall(id, CODE.protocol);
      return;
    }
    if (!stream.isDropped) this.callBytes += data.length;
    if (length > data.length) this.#to.widen(stream, length - data.length);
    if (data.length > 0) stream.receive(data);
    else if (!ends) this.#strike();
    if (ends && !stream.isClosed) stream.received();
  }

  /** Data of a closed stream. */
  #late(id: number, ends: boolean): void {
    if (!this.#closed.mayCross(id)) {
      this.#refuseCall(id, CODE.streamClosed);
      // Of more of them the caller hears no more.
      this.#closed.add(id);
    }
    if (ends) this.#closed.ended(id);
  }

  /** This end closes a stream that the caller has not ended. */
  crosses(id: number): void {
    this.#closed.add(id);
  }

  #call(block: HeaderBlock | null): void {
    if (block === null) return;
    const { stream: id, endsStream, bytes } = block;
    const headers = this.#decoder.decode(bytes);
    const known = this.#to.streams.get(id);
    if (known !== undefined) {
      if (known.isReceived) this.#refuseCall(id, CODE.streamClosed);
      // Trailers (RFC 9113, 8.1). Nothing here reads them.
      else if (!endsStream || !isTrailers(headers) || !isAsAnnounced(known, 0, true)) {
        this.#refuseCall(id, CODE.protocol);
      } else known.received();
      return;
    }
    if (id <= this.lastStream) {
      if (!this.#closed.mayCross(id))
        throw new ConnectionError(CODE.streamClosed, "headers of a closed stream");
      this.#strike();
      if (endsStream) this.#closed.ended(id);
      return;
    }
    this.lastStream = id;
    if (this.#open(id, headers, endsStream)) return;
    if (!endsStream) this.#closed.add(id);
  }

  /** Returns false for a call that is refused. */
  #open(id: number, headers: Decoded, endsStream: boolean): boolean {
    if (headers === "too large") this.#refuseCall(id, CODE.enhanceYourCalm);
    else if (headers === "malformed" || !isRequest(headers) || (endsStream && announcedBytes(headers))) {
      this.#refuseCall(id, CODE.protocol);
    } else if (this.#to.isLeaving) {
      // It may have left before our farewell came: that is no fault. After the caller's own it is one.
      if (this.#hasFarewell) this.#strike();
      this.#to.output.push(numberFrame(FRAME.reset, id, CODE.refusedStream));
    } else if (this.#to.hasRoom) {
      this.#to.open(id, headers, endsStream);
      return true;
    } else this.#refuseCall(id, CODE.refusedStream);
    return false;
  }

  /** RFC 9113, 5.4.2. Too many of them end the connection. */
  #refuseCall(id: number, code: number): void {
    if (this.#invalidCalls.add()) {
      throw new ConnectionError(CODE.enhanceYourCalm, "too many invalid calls");
    }
    this.#to.output.push(numberFrame(FRAME.reset, id, code));
    const stream = this.#to.streams.get(id);
    if (stream !== undefined) this.#to.close(stream);
  }

  /** RFC 9113, 6.4. */
  #wasReset(id: number, payload: Buffer): void {
    expect(id !== 0 && id <= this.lastStream && id % 2 === 1, "a reset of no stream");
    expectSize(payload.length === 4);
    this.#strike();
    const stream = this.#to.streams.get(id);
    if (stream !== undefined) this.#to.close(stream);
    this.#closed.ended(id);
  }

  /** RFC 9113, 6.5. */
  #settings(flags: number, id: number, payload: Buffer): void {
    expect(id === 0, "settings of a stream");
    if ((flags & FLAG.ack) !== 0) {
      expectSize(payload.length === 0);
      this.#strike();
      return;
    }
    const settings = readSettings(payload);
    if (this.#settingsFrames.add()) throw new ConnectionError(CODE.enhanceYourCalm, "too many settings");
    this.#hasSettings = true;
    this.#to.output.push(SETTINGS_ACK);
    this.#to.sender.apply(settings, this.#to.streams);
  }

  /** RFC 9113, 6.7. */
  #ping(flags: number, id: number, payload: Buffer): void {
    expect(id === 0, "a ping of a stream");
    expectSize(payload.length === 8);
    if ((flags & FLAG.ack) === 0) this.#to.output.push(frame(FRAME.ping, FLAG.ack, 0, payload));
    else if (!this.#to.pinged()) this.#strike();
  }

  /** RFC 9113, 6.8. */
  #farewell(id: number, payload: Buffer): void {
    expect(id === 0, "a farewell of a stream");
    expectSize(payload.length >= 8);
    this.#strike();
    this.#hasFarewell = true;
    this.#to.farewell();
  }

  /** RFC 9113, 6.9. */
  #window(id: number, payload: Buffer): void {
    expectSize(payload.length === 4);
    const bytes = payload.readUInt32BE(0) & 0x7fffffff;
    if (id === 0) {
      expect(bytes > 0, "a window that grows by nothing");
      this.#to.sender.widen(bytes);
      return;
    }
    expect(id <= this.lastStream && id % 2 === 1, "a window of no stream");
    const stream = this.#to.streams.get(id);
    if (stream === undefined) return;
    if (bytes === 0) this.#refuseCall(id, CODE.protocol);
    else if (!this.#to.sender.widenStream(stream, bytes)) this.#refuseCall(id, CODE.flowControl);
  }

  #strike(): void {
    if (this.#strikes.add()) throw new ConnectionError(CODE.enhanceYourCalm, "too many frames of no use");
  }
}

/** Whether a request has the length that its headers say (RFC 9113, 8.1.1). */
function isAsAnnounced(stream: ServerStream, bytes: number, ends: boolean): boolean {
  if (stream.missingBytes === null) return true;
  stream.missingBytes -= bytes;
  return ends ? stream.missingBytes === 0 : stream.missingBytes >= 0;
}
