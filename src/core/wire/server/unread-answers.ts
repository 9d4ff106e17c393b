// Answers that their callers have not read yet. They lie in this process until the caller makes room for them, so a caller
// that never does could fill its memory. What must stay true: the unread answers of one identity, and of all identities
// together, have bounded bytes. A stream that is not read for a while ends. Its connection ends too if even that is not
// read, or with the ENDED_MAX-th stream. Answers of administrators are not counted here (ADR-0030).

import { elapsedMs, type MonotonicMs } from "../../base/clock.ts";
import type { ServerStream } from "../http2/server-stream.ts";

const MEGABYTE = 1_024 * 1_024;
/** Of one identity: some thirty pages of the largest lists. */
export const UNREAD_BYTES_MAX = 32 * MEGABYTE;
/** Of all identities together. */
export const ALL_UNREAD_BYTES_MAX = 128 * MEGABYTE;
/** An answer must be read within this time, and of a stream this much, or all of what waits. */
export const READ_WITHIN_MS = 30_000;
export const READ_BYTES = 16 * 1024;
/** Of one connection: a caller with so many streams that it does not read means it. */
export const ENDED_MAX = 16;
const LOOK_EVERY_MS = 1_000;
/** An identity whose streams are full is measured again at most this often: it may have thousands of them. */
const MEASURE_EVERY_MS = 20;

type Session = Pick<ServerStream["session"], "destroy" | "pushed" | "hasLeft">;
type Stream = Pick<ServerStream, "reset"> & { readonly session: Session };

/** Answers of a stream, with those that HTTP/2 has not got yet. */
export interface ManyAnswers {
  readonly unsentBytes: number;
  /** Since the stream began. */
  readonly sentBytes: number;
}

interface Unread {
  readonly stream: Stream;
  bytes: number;
  /** When it was answered, or when enough had been read. */
  sinceMs: MonotonicMs;
}

interface UnreadStream extends Unread {
  readonly answers: ManyAnswers;
  /** Enough is read when so many bytes have left. */
  enoughBytes: number;
}

interface Holder {
  /** Of its streams, what waited when they were measured, and what was written since. */
  bytes: number;
  measuredMs: MonotonicMs;
  /** Unary answers, the oldest first. */
  readonly answers: Map<Stream, Unread>;
  /** Streams with many answers. */
  readonly streams: Map<Stream, UnreadStream>;
}

export class UnreadAnswers {
  readonly #now: () => MonotonicMs;
  readonly #holders = new Map<string, Holder>();
  /** Of connections: what must have left when they are looked at next. */
  readonly #resets = new Map<Session, number>();
  /** How many of their streams were ended. */
  readonly #ended = new WeakMap<Session, number>();
  #bytes = 0;
  #looking: NodeJS.Timeout | undefined;

  constructor(now: () => MonotonicMs) {
    this.#now = now;
  }

  /** Of all identities, when it was looked at last. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether an identity may get an answer of so many bytes. A lone answer may have any size. */
  hasRoom(name: string, bytes: number): boolean {
    const own = this.#holders.get(name)?.bytes ?? 0;
    return own === 0 || (own < UNREAD_BYTES_MAX && own + bytes <= UNREAD_BYTES_MAX);
  }

  /** The answer of a unary call was made. `end` must follow when its stream closes. */
  begin(name: string, stream: Stream, bytes: number): void {
    this.#of(name).answers.set(stream, { stream, bytes, sinceMs: this.#now() });
    this.#add(name, bytes);
    while (this.#bytes > ALL_UNREAD_BYTES_MAX && this.#closeOldestOfHeaviest());
  }

  /** A stream that will be answered again and again. `end` must follow when it closes. */
  watch(name: string, stream: Stream, answers: ManyAnswers): void {
    const begun = { stream, bytes: 0, sinceMs: this.#now() };
    this.#of(name).streams.set(stream, { ...begun, answers, enoughBytes: 0 });
  }

  /** The stream has one more answer. It counts as unread until the stream is measured. */
  wrote(name: string, stream: Stream, bytes: number): void {
    const unread = this.#holders.get(name)?.streams.get(stream);
    if (unread === undefined) return;
    if (unread.bytes === 0) {
      unread.sinceMs = this.#now();
      unread.enoughBytes = unread.answers.sentBytes + Math.min(bytes, READ_BYTES);
    }
    unread.bytes += bytes;
    this.#add(name, bytes);
  }

  /** Whether the streams of an identity may get more answers now. */
  hasStreamRoom(name: string): boolean {
    const holder = this.#holders.get(name);
    if (holder === undefined || holder.bytes < UNREAD_BYTES_MAX) return true;
    const nowMs = this.#now();
    if (elapsedMs(holder.measuredMs, nowMs) < MEASURE_EVERY_MS) return false;
    holder.measuredMs = nowMs;
    for (const unread of holder.streams.values()) this.#measure(name, unread, nowMs);
    return holder.bytes < UNREAD_BYTES_MAX;
  }

  end(name: string, stream: Stream): void {
    const holder = this.#holders.get(name);
    const unread = holder?.answers.get(stream) ?? holder?.streams.get(stream);
    if (holder === undefined || unread === undefined) return;
    holder.answers.delete(stream);
    holder.streams.delete(stream);
    this.#add(name, -unread.bytes);
    if (holder.answers.size + holder.streams.size > 0) return;
    this.#holders.delete(name);
    this.#rest();
  }

  /** Ends what was not read in time, and what is too much of one identity. */
  look(): void {
    const nowMs = this.#now();
    this.#cut();
    for (const [name, holder] of this.#holders) {
      for (const unread of holder.streams.values()) this.#measure(name, unread, nowMs);
      for (const unread of [...holder.answers.values(), ...holder.streams.values()]) {
        // Its end would free nothing, and many ends close its connection.
        if (unread.bytes === 0) continue;
        const isLate = elapsedMs(unread.sinceMs, nowMs) > READ_WITHIN_MS;
        if (isLate || holder.bytes > UNREAD_BYTES_MAX + unread.bytes) this.#close(name, unread);
      }
    }
    while (this.#bytes > ALL_UNREAD_BYTES_MAX && this.#closeOldestOfHeaviest());
    this.#rest();
  }

  /** Ends connections on which not even the end of a stream has left since the last look. */
  #cut(): void {
    for (const [session, pushed] of this.#resets) {
      if (!session.hasLeft(pushed)) session.destroy();
      this.#resets.delete(session);
    }
  }

  #rest(): void {
    if (this.#holders.size + this.#resets.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** A byte now and then keeps nothing waiting: what counts is how much has left. */
  #measure(name: string, unread: UnreadStream, nowMs: MonotonicMs): void {
    const { unsentBytes, sentBytes } = unread.answers;
    if (unread.bytes === 0 || sentBytes >= unread.enoughBytes) {
      unread.sinceMs = nowMs;
      unread.enoughBytes = sentBytes + Math.min(unsentBytes, READ_BYTES);
    }
    this.#add(name, unsentBytes - unread.bytes);
    unread.bytes = unsentBytes;
  }

  /** Returns whether there was one to close. */
  #closeOldestOfHeaviest(): boolean {
    const all = [...this.#holders];
    const [name, heaviest] = all.reduce((most, one) => (one[1].bytes > most[1].bytes ? one : most));
    const open = [...heaviest.answers.values(), ...heaviest.streams.values()];
    const oldest = open.find(({ bytes }) => bytes > 0);
    if (oldest === undefined) return false;
    this.#close(name, oldest);
    return true;
  }

  /** `end` follows at once. */
  #close(name: string, unread: Unread): void {
    this.#add(name, -unread.bytes);
    unread.bytes = 0;
    const { session } = unread.stream;
    const ended = (this.#ended.get(session) ?? 0) + 1;
    this.#ended.set(session, ended);
    unread.stream.reset();
    if (ended >= ENDED_MAX) session.destroy();
    else {
      this.#resets.set(session, session.pushed);
      this.#wake();
    }
  }

  #of(name: string): Holder {
    const known = this.#holders.get(name);
    if (known !== undefined) return known;
    const made = { bytes: 0, measuredMs: this.#now(), answers: new Map(), streams: new Map() };
    this.#holders.set(name, made);
    this.#wake();
    return made;
  }

  #wake(): void {
    this.#looking ??= setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  #add(name: string, bytes: number): void {
    this.#of(name).bytes += bytes;
    this.#bytes += bytes;
  }
}
