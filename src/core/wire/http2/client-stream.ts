// One call with messages in both directions on a connection of its own. It is the client's side of HTTP/2 (RFC 9113),
// as far as a replica needs it for its peers (ADR-0069). What must stay true: bytes leave in order, and no more than
// both windows allow. Whatever the server sends costs bounded memory, and at most ends the call. Only a bug of ours is
// thrown out of the socket's handler. The call ends once, and its connection with it. Deliberately absent: a second
// call, pushes, priorities.

import type { Socket } from "node:net";
import { AssertionError, assert } from "../../base/assert.ts";
import { FrameReader } from "./frame-reader.ts";
import { type HeaderBlock, HeaderBlocks, unpadded } from "./header-blocks.ts";
import { encodeFields, type Fields } from "./hpack/answer-blocks.ts";
import { HeaderDecoder } from "./hpack/header-decoder.ts";
import { type HeaderValues, isTrailers } from "./hpack/header-list.ts";
import { Keepalive, type KeepaliveTimes } from "./keepalive.ts";
import { Output } from "./output.ts";
import { readSettings } from "./peer-settings.ts";
import {
  CODE,
  ConnectionError,
  expect,
  expectSize,
  FLAG,
  FRAME,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  frame,
  GIVE_BACK_BYTES,
  numberFrame,
  PREFACE,
  SETTING,
  settingsFrame,
  WINDOW_BYTES,
  WINDOW_BYTES_LIMIT,
  writeHead,
} from "./protocol.ts";
import { Reading } from "./reading.ts";

/** The only one of its connection. */
const STREAM = 1;
/** What does not leave within it is lost. */
const FAREWELL_MS = 1_000;
/** The streams that a frame may name, by its type (RFC 9113, 6). */
const OWNERS: Readonly<Record<number, readonly number[]>> = {
  ...{ [FRAME.data]: [STREAM], [FRAME.headers]: [STREAM], [FRAME.reset]: [STREAM] },
  ...{ [FRAME.settings]: [0], [FRAME.ping]: [0], [FRAME.goaway]: [0], [FRAME.window]: [0, STREAM] },
};
const NOTHING = Buffer.alloc(0);
const PING = frame(FRAME.ping, 0, 0, Buffer.from("fleet-hb"));
const SETTINGS_ACK = frame(FRAME.settings, FLAG.ack, 0, NOTHING);

export interface ClientStreamEvents {
  /** The answer begins. */
  headers(headers: HeaderValues): void;
  data(bytes: Buffer): void;
  /** Bytes waited, and all of them have left now. */
  drained(): void;
  /** Once: the fields at the answer's end, or why there are none. */
  ended(end: HeaderValues | Error): void;
}

export class ClientStream {
  readonly #socket: Socket;
  readonly #events: ClientStreamEvents;
  readonly #output: Output;
  readonly #reading: Reading;
  readonly #reader = new FrameReader((...frame) => this.#frame(...frame), "client");
  readonly #blocks = new HeaderBlocks();
  readonly #decoder = new HeaderDecoder("answer");
  readonly #keepalive: Keepalive;
  /** What may leave: by the connection's window, and by the stream's as the difference to its first one. */
  #window = WINDOW_BYTES;
  #initial = WINDOW_BYTES;
  #delta = 0;
  readonly #unsent: Buffer[] = [];
  #isWaiting = false;
  /** Of the answer, the headers have come. */
  #hasBegun = false;
  /** Bytes of the answer that were not given back to the windows. */
  #readBytes = 0;
  #isOver = false;

  /** `socket`: connected. `fields`: the request's, pseudo fields first. */
  constructor(socket: Socket, fields: Fields, keepalive: KeepaliveTimes, events: ClientStreamEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#output = new Output(socket, () => this.#onRoom());
    this.#reading = new Reading(socket);
    const silent = () => this.#end(new Error("the peer does not answer pings"));
    this.#keepalive = new Keepalive(keepalive, () => this.#output.push(PING), silent);
    const block = encodeFields(fields);
    assert(block.length <= FRAME_BYTES_MAX, "the fields of a request fit a frame");
    this.#output.push(PREFACE);
    this.#output.push(settingsFrame([[SETTING.enablePush, 0]]));
    this.#output.push(frame(FRAME.headers, FLAG.endHeaders, STREAM, block));
    socket.on("error", (error) => this.#end(error));
    socket.on("close", () => this.#end(new Error("the connection was closed")));
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
  }

  /** False: bytes wait, and `drained` follows. */
  write(bytes: Buffer): boolean {
    if (this.#isOver) return false;
    this.#unsent.push(bytes);
    this.#send();
    this.#isWaiting = this.#unsent.length > 0 || this.#output.isFull;
    return !this.#isWaiting;
  }

  /** What was written leaves, if the peer takes it soon. */
  cancel(): void {
    this.#end(new Error("cancelled"));
  }

  #take(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#reader.take(bytes);
      if (this.#output.isOverfull && !this.#isOver) this.#reading.stop("full");
    } catch (error) {
      // A listener that finds a bug of ours must end the node, and not each new connection.
      if (error instanceof AssertionError) throw error;
      this.#end(error as Error);
    }
  }

  #onRoom(): void {
    if (this.#isOver) return;
    this.#send();
    if (!this.#output.isOverfull) this.#reading.goOn("full");
    if (!this.#isWaiting || this.#unsent.length > 0 || this.#output.isFull) return;
    this.#isWaiting = false;
    this.#events.drained();
  }

  #send(): void {
    for (;;) {
      const [next] = this.#unsent;
      if (next === undefined || this.#output.isFull) return;
      const room = Math.min(this.#window, this.#initial + this.#delta, FRAME_BYTES_MAX);
      if (room <= 0) return;
      const part = next.length <= room ? next : next.subarray(0, room);
      if (part === next) this.#unsent.shift();
      else this.#unsent[0] = next.subarray(room);
      const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
      writeHead(head, 0, part.length, FRAME.data, 0, STREAM);
      this.#window -= part.length;
      this.#delta -= part.length;
      this.#output.push(head);
      this.#output.push(part);
    }
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    if (this.#blocks.isOpen) {
      this.#headers(this.#blocks.go(type, flags, id, payload));
      return;
    }
    expect(OWNERS[type]?.includes(id) !== false, "a frame of another stream");
    switch (type) {
      case FRAME.data:
        this.#data(flags, payload);
        break;
      case FRAME.headers:
        this.#headers(this.#blocks.begin(flags, id, payload));
        break;
      case FRAME.reset:
        expectSize(payload.length === 4);
        this.#end(new Error("the peer has reset the call"));
        break;
      case FRAME.settings:
        this.#settings(flags, payload);
        break;
      case FRAME.ping:
        expectSize(payload.length === 8);
        if ((flags & FLAG.ack) !== 0) this.#keepalive.answered();
        else this.#output.push(frame(FRAME.ping, FLAG.ack, 0, payload));
        break;
      case FRAME.window:
        this.#widen(id, payload);
        break;
      case FRAME.push:
      case FRAME.continuation:
        throw new ConnectionError(CODE.protocol, "a frame that may not come here");
      default:
        // Among them a farewell: the call ends in its own way (RFC 9113, 6.8).
        break;
    }
  }

  #data(flags: number, payload: Buffer): void {
    this.#keepalive.heard();
    const data = unpadded(flags, payload);
    this.#readBytes += payload.length;
    if (this.#readBytes >= GIVE_BACK_BYTES) {
      for (const id of [0, STREAM]) this.#output.push(numberFrame(FRAME.window, id, this.#readBytes));
      this.#readBytes = 0;
    }
    if (data.length > 0) this.#events.data(data);
    if ((flags & FLAG.endStream) !== 0) this.#end(new Error("the answer has no end"));
  }

  #headers(block: HeaderBlock | null): void {
    if (block === null) return;
    const headers = this.#decoder.decode(block.bytes);
    if (typeof headers === "string") throw new ConnectionError(CODE.protocol, `${headers} headers`);
    // Only an answer without a message ends with the headers that begin it.
    expect(!this.#hasBegun || (block.endsStream && isTrailers(headers)), "a second answer");
    this.#hasBegun = true;
    if (block.endsStream) this.#end(headers);
    else this.#events.headers(headers);
  }

  #settings(flags: number, payload: Buffer): void {
    if ((flags & FLAG.ack) !== 0) return;
    const { windowBytes = this.#initial } = readSettings(payload);
    this.#initial = windowBytes;
    this.#output.push(SETTINGS_ACK);
    this.#onRoom();
  }

  #widen(id: number, payload: Buffer): void {
    expectSize(payload.length === 4);
    const bytes = payload.readUInt32BE(0) & 0x7fffffff;
    expect(bytes > 0, "a window that grows by nothing");
    if (id === 0) this.#window += bytes;
    else this.#delta += bytes;
    if (Math.max(this.#window, this.#initial + this.#delta) > WINDOW_BYTES_LIMIT) {
      throw new ConnectionError(CODE.flowControl, "a window beyond the limit");
    }
    this.#onRoom();
  }

  #end(end: HeaderValues | Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reader.end();
    this.#keepalive.end();
    this.#unsent.length = 0;
    const late = setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
    this.#socket.end(this.#output.end(), () => {
      clearTimeout(late);
      this.#socket.destroy();
    });
    this.#events.ended(end);
  }
}
