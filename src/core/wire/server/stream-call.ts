// A streaming call as its handler sees it, with messages in one direction or both. It has the events and methods of a
// call of grpc-js's server, on our HTTP/2 (ADR-0058). What must stay true: a message is bounded before it is kept. A
// bug in a stream ends only that stream. Whichever end does not read holds up the other one, through the windows of
// HTTP/2.

import { Duplex } from "node:stream";
import { Metadata, type MethodDefinition, type ServerErrorResponse, status } from "@grpc/grpc-js";
import { elapsedMs, type MonotonicMs, systemClock } from "../../base/clock.ts";
import { DURATION_MS_MAX } from "../../base/duration.ts";
import type { ServerStream } from "../http2/server-stream.ts";
import { RpcError, rpcError } from "../rpc-error.ts";
import { decodeBounded } from "./bounded-decode.ts";
import type { CallBudget } from "./call-budgets.ts";
import { timeoutMsOf } from "./grpc-timeout.ts";
import type { InternalErrors } from "./internal-errors.ts";
import { type LateRequests, tooLate } from "./late-requests.ts";
import { framed, MessageCutter, type OnMessage } from "./message-frames.ts";
import { FIELDS_MAX, type MethodRule } from "./method-rules.ts";
import type { PacedMessages } from "./paced-messages.ts";
import { unreadable } from "./request-bytes.ts";
import { refuseType, trailersOf } from "./stream-answer.ts";
import { isGrpc, takeable } from "./unary-calls.ts";
import { UnfinishedBytes } from "./unfinished-bytes.ts";

type Answer = (error: Failure | null, value?: unknown) => void;
type Failure = Error | ServerErrorResponse;
/** One that returns a promise is under way until it settles. */
export type StreamHandler = (call: StreamCall, answer?: Answer) => unknown;

export interface ServedStream {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handler: StreamHandler;
  readonly rule: MethodRule;
  readonly errors: InternalErrors;
}

interface Limits {
  /** When its headers arrived: its time counts from then. */
  readonly cameMs: MonotonicMs;
  readonly budget: Pick<CallBudget, "account" | "announce" | "refuse" | "waste" | "watch" | "wrote" | "hold">;
  /** Gives up messages that are not whole in time. */
  readonly late: Pick<LateRequests, "add" | "remove">;
  readonly messages: Pick<PacedMessages, "handled">;
}

export function serveStream(stream: ServerStream, served: ServedStream, limits: Limits): void {
  if (!isGrpc(stream.headers)) {
    refuseType(stream);
    return;
  }
  try {
    const waitedMs = elapsedMs(limits.cameMs, systemClock.monotonicMs());
    const waitMs = Math.max(0, timeoutMsOf(stream.headers["grpc-timeout"]) - waitedMs);
    const call = new StreamCall(stream, served, limits, waitMs);
    limits.budget.watch(stream, call);
    call.start();
  } catch (error) {
    limits.budget.refuse(stream, served.errors.answer(error, served.definition.path), 0);
  }
}

/** Beyond it a handler is told to wait, as far as it asks. */
const UNSENT_BYTES_MAX = 64 * 1024;
const NOTHING = Buffer.alloc(0);
/** Of HTTP/2 and of gRPC: no handler reads them. */
const NOT_METADATA = ["grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "accept-encoding", "te"];

class StreamCall extends Duplex {
  readonly stream: ServerStream;
  /** Of a call with one request message. */
  request: unknown;
  cancelled = false;
  readonly #served: ServedStream;
  readonly #limits: Limits;
  readonly #cutter: MessageCutter;
  /** The message under way, and when it must be whole. */
  readonly #unfinished: UnfinishedBytes;
  #due: object | null = null;
  readonly #deadline: number;
  #metadata: Metadata | null = null;
  #timer: NodeJS.Timeout | undefined;
  #hasBegun = false;
  /** The status that `end` sends; null = OK. */
  #status: RpcError | null = null;
  #isFinished = false;
  /** Its next message waits for the next pass of the event loop. */
  #isPaced = false;
  /** Bytes of the message that HTTP/2 has. */
  #leaving = 0;

  constructor(stream: ServerStream, served: ServedStream, limits: Limits, waitMs: number) {
    super({ readableObjectMode: true, writableHighWaterMark: UNSENT_BYTES_MAX });
    this.stream = stream;
    this.#served = served;
    this.#limits = limits;
    this.#cutter = new MessageCutter(served.rule.bytesMax, limits.budget.announce);
    this.#unfinished = new UnfinishedBytes(limits.budget.account ?? stream.session, served.rule);
    this.#deadline = systemClock.wallMs() + waitMs;
    if (waitMs <= DURATION_MS_MAX) this.#timer = setTimeout(() => this.#expire(), waitMs);
    this.on("error", (error) => {
      if (!this.#isFinished) this.#status = this.#errorOf(error);
      this.end();
    });
    stream.onClose(() => {
      clearTimeout(this.#timer);
      this.#notDue();
      limits.budget.waste(this.#cutter.heldBytes);
      this.#unfinished.become(0);
      process.nextTick(() => this.#over());
    });
  }

  get metadata(): Metadata {
    if (this.#metadata !== null) return this.#metadata;
    const found = Metadata.fromHttp2Headers({ ...this.stream.headers });
    for (const name of [...NOT_METADATA, "content-type"]) found.remove(name);
    this.#metadata = found;
    return found;
  }

  getPath(): string {
    return this.#served.definition.path;
  }

  /** By the wall clock, as grpc-js gives it; infinity = the caller did not say. */
  getDeadline(): number {
    return this.#deadline;
  }

  getPeer(): string {
    const { remoteAddress, remotePort } = this.stream.session.socket;
    return remoteAddress === undefined ? "unknown" : `${remoteAddress}:${remotePort}`;
  }

  /** Bytes of answers that wait, here and in HTTP/2. */
  get unsentBytes(): number {
    return this.writableLength - this.#leaving + this.stream.unsentBytes;
  }

  get sentBytes(): number {
    return this.stream.sentBytes;
  }

  /** To be called once. */
  start(): void {
    if (this.#served.definition.requestStream) this.#begin();
    else this.#isDue();
    this.stream.read({ data: (bytes) => this.#data(bytes), end: () => this.#end() });
  }

  // Every event of a stream passes here, so that no listener is missed. An exception in a listener of "error"
  // is only noted: the stream is ending already.
  override emit(event: string | symbol, ...values: unknown[]): boolean {
    try {
      return super.emit(event as "data", ...(values as [unknown]));
    } catch (error) {
      const { errors } = this.#served;
      if (event === "error") errors.note(error, this.getPath());
      else this.emit("error", errors.answer(error, this.getPath()));
      return true;
    }
  }

  override _read(): void {
    if (this.#isPaced) return;
    // Only time in which the caller could send counts.
    if (!this.#cutter.isBetween) this.#isDue();
    this.stream.resume();
  }

  // Messages wait encoded, so that their bytes are known: a handler may write more than it is asked to.
  override write(message: unknown, ...rest: unknown[]): boolean {
    const isLost = this.#isFinished || this.stream.isGone;
    const bytes = isLost ? NOTHING : this.#encoded(message);
    if (bytes !== null) this.#limits.budget.wrote(this.stream, bytes.length);
    return bytes !== null && super.write(bytes, ...(rest as [])) && !isLost;
  }

  override _write(bytes: Buffer, _: BufferEncoding, written: () => void): void {
    if (this.#isFinished || this.stream.isGone) return;
    this.stream.begin();
    this.#leaving = bytes.length;
    this.stream.write(bytes, () => {
      this.#leaving = 0;
      written();
    });
  }

  override _final(done: () => void): void {
    done();
    this.#finish(this.#status);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    done(error);
    // A call with one answer gets that.
    if (this.#isFinished || !this.#served.definition.responseStream) return;
    if (error === null) this.stream.reset();
    else this.#finish(this.#errorOf(error));
  }

  #begin(): void {
    this.#hasBegun = true;
    const { handler, errors, definition } = this.#served;
    const answer = definition.responseStream ? undefined : this.#answerOnce;
    // A handler may end its call before it returns.
    const settled = this.#limits.budget.hold();
    const failed = (error: unknown) => {
      settled();
      this.#refuse(errors.answer(error, this.getPath()));
    };
    try {
      const running = answer === undefined ? handler(this) : handler(this, answer);
      if (running instanceof Promise) running.then(settled, failed);
      else settled();
    } catch (error) {
      failed(error);
    }
  }

  readonly #answerOnce: Answer = (error, value) => {
    if (error !== null) {
      if (!this.#isFinished) this.#finish(this.#errorOf(error));
      return;
    }
    if (this.#isFinished || this.stream.isGone) return;
    const bytes = this.#encoded(value);
    if (bytes === null) return;
    this.#isFinished = true;
    this.stream.answer(bytes);
  };

  #data(bytes: Buffer): void {
    if (this.#isFinished) return;
    const rest = this.#cutter.take(bytes, this.#message);
    if (rest instanceof RpcError) {
      this.#refuse(rest);
      return;
    }
    // A handler may have ended it.
    if (this.#isFinished || this.stream.isGone) {
      this.stream.drop();
      return;
    }
    if (rest !== null) this.stream.putBack(rest);
    if (!this.#unfinished.become(this.#cutter.heldBytes)) this.#refuse(this.#unfinished.overdrawn());
    else if (!this.#cutter.isBetween && !this.stream.isPaused) this.#isDue();
  }

  /** A message is under way. */
  #isDue(): void {
    if (!this.#isFinished && this.#served.rule.isReplication !== true)
      this.#due ??= this.#limits.late.add(() => this.#refuse(tooLate()));
  }

  #notDue(): void {
    if (this.#due !== null) this.#limits.late.remove(this.#due);
    this.#due = null;
  }

  /** Null: the message is accepted. */
  readonly #message: OnMessage = (bytes) => {
    const { definition, rule, errors } = this.#served;
    if (definition.requestStream) this.#notDue();
    try {
      const message = decodeBounded(definition.requestDeserialize, bytes, rule.fieldsMax ?? FIELDS_MAX);
      if (definition.requestStream) {
        const isWanted = this.push(message);
        if (isWanted && this.#mayGoOn()) return null;
        this.stream.pause();
        return "enough";
      }
      if (this.request !== undefined) return unreadable();
      this.request = message;
      return null;
    } catch (error) {
      this.#limits.budget.waste(bytes.length);
      return errors.answer(error, this.getPath());
    }
  };

  /** Replicas wait for nothing. */
  #mayGoOn(): boolean {
    if (this.#isFinished) return false;
    this.#isPaced = this.#served.rule.isReplication !== true && !this.#limits.messages.handled(this.#goOn);
    return !this.#isPaced;
  }

  readonly #goOn = (): void => {
    this.#isPaced = false;
    this.stream.resume();
  };

  #end(): void {
    this.#notDue();
    if (this.#isFinished) return;
    const { requestStream } = this.#served.definition;
    if (!this.#cutter.isBetween || (!requestStream && this.request === undefined)) this.#refuse(unreadable());
    else if (requestStream) this.push(null);
    else this.#begin();
  }

  #refuse(error: RpcError): void {
    this.#notDue();
    this.#limits.budget.waste(this.#cutter.heldBytes);
    this.#cutter.drop();
    this.#unfinished.become(0);
    if (!this.#hasBegun) this.#finish(error);
    else if (this.#served.definition.responseStream) this.emit("error", error);
    else this.destroy(error);
    // What comes after it is of no use.
    this.stream.drop();
  }

  #encoded(message: unknown): Buffer | null {
    const { definition, errors } = this.#served;
    try {
      return framed(takeable(definition.responseSerialize(message)));
    } catch (error) {
      this.#finish(errors.answer(error, this.getPath()));
      return null;
    }
  }

  /** A handler's answer is one by its status and its text; anything else is a bug, whose text callers do not see. */
  #errorOf(error: Failure): RpcError {
    if (error instanceof RpcError) return error;
    const { code, details, metadata } = error as Partial<ServerErrorResponse>;
    if (isFailed(code) && typeof details === "string") {
      return new RpcError(code, details, metadata ?? new Metadata());
    }
    return this.#served.errors.answer(error, this.getPath());
  }

  #finish(error: RpcError | null): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const { stream } = this;
    if (error === null) {
      stream.begin();
      stream.finish("ok");
    } else if (stream.hasAnswer) stream.finish(trailersOf(error));
    else this.#limits.budget.refuse(stream, error, 0);
  }

  /** A status could not leave before the answers that wait for a caller that does not read. */
  #expire(): void {
    if (this.stream.unsentBytes > 0) this.stream.reset();
    else this.#finish(deadlineExceeded());
  }

  #over(): void {
    this.#isFinished = true;
    this.cancelled = true;
    this.emit("cancelled", "cancelled");
    this.destroy();
  }
}

const deadlineExceeded = () => rpcError(status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "Deadline exceeded");

/** Of a failure that says its status itself. */
const isFailed = (code: unknown): code is status =>
  Number.isInteger(code) && (code as number) > status.OK && (code as number) <= status.UNAUTHENTICATED;
