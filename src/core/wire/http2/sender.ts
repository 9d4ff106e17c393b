// The answers of a connection: which bytes may leave, and in which frames (RFC 9113, 6.9). What must stay true: no more
// leaves than both windows allow. A stream waits here only for the connection's window, not for its own. So thousands
// of streams with closed windows cost nothing when the connection's window opens. Streams take turns.

import { assert } from "../../base/assert.ts";
import { AnswerBlocks } from "./hpack/answer-blocks.ts";
import type { Output } from "./output.ts";
import type { PeerSettings } from "./peer-settings.ts";
import {
  CODE,
  ConnectionError,
  FLAG,
  FRAME,
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  WINDOW_BYTES,
  WINDOW_BYTES_LIMIT,
  writeHead,
} from "./protocol.ts";
import type { ServerStream } from "./server-stream.ts";

const { endHeaders, endStream } = FLAG;

export class Sender {
  readonly #output: Output;
  readonly #onEnd: (stream: ServerStream) => void;
  readonly #blocks = new AnswerBlocks();
  /** Of the connection, and the one with which a stream begins. */
  #window = WINDOW_BYTES;
  #initial = WINDOW_BYTES;
  readonly #waiting = new Set<ServerStream>();

  /** `onEnd`: the end of a stream's answer has left. */
  constructor(output: Output, onEnd: (stream: ServerStream) => void) {
    this.#output = output;
    this.#onEnd = onEnd;
  }

  /** RFC 9113, 6.9.2: all windows move by the difference. Throws a ConnectionError if one becomes too large. */
  apply({ tableBytes, windowBytes }: PeerSettings, streams: Iterable<ServerStream>): void {
    if (tableBytes !== undefined) this.#blocks.resize(tableBytes);
    if (windowBytes === undefined || windowBytes === this.#initial) return;
    this.#initial = windowBytes;
    for (const stream of [...streams]) {
      if (windowBytes + stream.sendDelta > WINDOW_BYTES_LIMIT) throw tooWide();
      this.send(stream);
    }
  }

  /** The connection's window grows. */
  widen(bytes: number): void {
    this.#window += bytes;
    if (this.#window > WINDOW_BYTES_LIMIT) throw tooWide();
    this.sendWaiting();
  }

  /** A stream's window grows; false if it becomes too large. */
  widenStream(stream: ServerStream, bytes: number): boolean {
    stream.sendDelta += bytes;
    if (this.#initial + stream.sendDelta > WINDOW_BYTES_LIMIT) return false;
    this.send(stream);
    return true;
  }

  /** There is room again for data. */
  sendWaiting(): void {
    for (const stream of this.#waiting) {
      if (this.#window <= 0 || this.#output.isFull) return;
      this.#waiting.delete(stream);
      this.send(stream);
    }
  }

  forget(stream: ServerStream): void {
    this.#waiting.delete(stream);
  }

  begin(stream: ServerStream): void {
    this.#headers(stream, endHeaders, this.#blocks.begin());
  }

  refuse(stream: ServerStream, block: Buffer): void {
    this.#headers(stream, endHeaders | endStream, this.#blocks.others(block));
    this.#ended(stream);
  }

  /** Sends a small answer as one piece, if both windows allow it; returns whether they do. */
  whole(stream: ServerStream, message: Buffer): boolean {
    const { length } = message;
    const isWide = length <= Math.min(this.#window, this.#initial + stream.sendDelta, FRAME_BYTES_MAX);
    if (!isWide || this.#output.isFull) return false;
    stream.hasAnswer = true;
    stream.end = "ok";
    const { id } = stream;
    const [begin, end] = [this.#blocks.begin(), this.#blocks.ok()];
    const made = Buffer.allocUnsafe(3 * FRAME_HEAD_BYTES + begin.length + length + end.length);
    let at = put(made, 0, FRAME.headers, endHeaders, id, begin);
    at = put(made, at, FRAME.data, 0, id, message);
    at = put(made, at, FRAME.headers, endHeaders | endStream, id, end);
    assert(at === made.length, "an answer has three frames");
    this.#spend(stream, length);
    this.#output.push(made);
    this.#ended(stream);
    return true;
  }

  /** As much as may leave now, of data and of the end. */
  send(stream: ServerStream): void {
    if (stream.isClosed) return;
    while (stream.unsent.length > 0) {
      const own = this.#initial + stream.sendDelta;
      const [next] = stream.unsent;
      assert(next !== undefined, "there are unsent bytes");
      if (own <= 0 && next.length > 0) return;
      if ((this.#window <= 0 && next.length > 0) || this.#output.isFull) {
        this.#waiting.add(stream);
        return;
      }
      const bytes = Math.min(next.length, own, this.#window, FRAME_BYTES_MAX);
      if (bytes === next.length) stream.unsent.shift();
      else stream.unsent[0] = next.subarray(bytes);
      this.#data(stream, bytes === next.length ? next : next.subarray(0, bytes));
      // A listener may write more, or end the call.
      stream.sent(bytes);
      if (stream.isClosed) return;
    }
    if (stream.end === null || stream.hasEnded) return;
    const isOk = stream.end === "ok";
    this.#headers(
      stream,
      endHeaders | endStream,
      isOk ? this.#blocks.ok() : this.#blocks.others(stream.end as Buffer),
    );
    this.#ended(stream);
  }

  #data(stream: ServerStream, bytes: Buffer): void {
    const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
    writeHead(head, 0, bytes.length, FRAME.data, 0, stream.id);
    this.#spend(stream, bytes.length);
    this.#output.push(head);
    this.#output.push(bytes);
  }

  #spend(stream: ServerStream, bytes: number): void {
    this.#window -= bytes;
    stream.sendDelta -= bytes;
    assert(
      bytes === 0 || (this.#window >= 0 && this.#initial + stream.sendDelta >= 0),
      "windows bound what leaves",
    );
  }

  /** A block beyond a frame continues in others (RFC 9113, 6.10). */
  #headers({ id }: ServerStream, flags: number, block: Buffer): void {
    let type: number = FRAME.headers;
    let at = 0;
    do {
      const part = block.subarray(at, at + FRAME_BYTES_MAX);
      at += part.length;
      const last = at >= block.length ? endHeaders : 0;
      const made = Buffer.allocUnsafe(FRAME_HEAD_BYTES + part.length);
      const own = type === FRAME.headers ? flags & endStream : 0;
      put(made, 0, type, own | last, id, part);
      this.#output.push(made);
      type = FRAME.continuation;
    } while (at < block.length);
  }

  #ended(stream: ServerStream): void {
    stream.hasEnded = true;
    this.#onEnd(stream);
  }
}

/** Writes a frame; returns where the next begins. */
function put(into: Buffer, at: number, type: number, flags: number, id: number, payload: Buffer): number {
  writeHead(into, at, payload.length, type, flags, id);
  into.set(payload, at + FRAME_HEAD_BYTES);
  return at + FRAME_HEAD_BYTES + payload.length;
}

const tooWide = () => new ConnectionError(CODE.flowControl, "a window beyond the limit");
