// Callers whose calls keep being refused for what they are or send (ADR-0074). What must stay true: however fast such
// a caller is, it costs this process little. Each has a budget of wasted bytes over all of its connections: an identity,
// or a network while no identity is proved. A refusal costs a part of it, and so do bytes that were read for nothing.
// While a caller owes, its refusals leave late, its large messages are refused before they are read, and its further
// connections end. A caller that is refused now and then notices nothing. Administrators have no budget (ADR-0030).

import { status } from "@grpc/grpc-js";
import type { MonotonicMs } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { Pace, type Rate } from "../../base/pace.ts";
import type { ServerStream } from "../http2/server-stream.ts";
import { type RpcError, reasonOf, rpcError } from "../rpc-error.ts";
import { CallerLines } from "./caller-lines.ts";
import type { DeniedCalls } from "./denied-calls.ts";
import { HeldRefusals } from "./held-refusals.ts";
import { networkOf } from "./network-of.ts";
import { refuse } from "./stream-answer.ts";

/** Wasted bytes of one caller. */
export const WASTE: Rate = { burst: 16 * 1024 * 1024, perSecond: 256 * 1024 };
/** What a refusal costs beside the bytes of its message: 256 at once, and four a second. */
export const REFUSAL_BYTES = 64 * 1024;
/** What a handshake costs its network that has failed, or whose connection brought too many refused calls. */
export const HANDSHAKE_BYTES = 64 * 1024;
/** A smaller message is read and refused in less than 0.1 ms. */
export const LARGE_BYTES = 16 * 1024;
/** Late refusals of one caller. Its connection that brings more ends. */
export const HELD_MAX = 64;
const LAST_REASONS_MAX = 1_024;
const DELAY_STEP_MS = 100;
const DELAY_MS_MAX = 10_000;

/** What was slowed. */
type Slowed = "refusal" | "message" | "connection" | "handshake";

export class RefusedCallers {
  readonly #denied: Pick<DeniedCalls, "note">;
  readonly #now: () => MonotonicMs;
  readonly #pace: Pace;
  readonly #lines: CallerLines;
  readonly #held = new HeldRefusals(HELD_MAX);
  readonly #counts = new Map<Slowed, number>();
  /** Of callers that owe or owed. */
  readonly #lastReasons = new Map<string, string>();

  constructor(
    log: Pick<Log, "warn">,
    denied: Pick<DeniedCalls, "note">,
    now: () => MonotonicMs,
    rate = WASTE,
  ) {
    this.#denied = denied;
    this.#now = now;
    this.#pace = new Pace(rate);
    const text = "a caller that keeps being refused is slowed";
    this.#lines = new CallerLines((fields) => log.warn(text, fields), now);
  }

  get counts(): ReadonlyMap<Slowed, number> {
    return this.#counts;
  }

  /** Milliseconds until the caller owes nothing. */
  owedMs(caller: string): number {
    return this.#pace.shortMs(caller, this.#now(), 0);
  }

  /** Bytes of the caller were read for nothing. */
  waste(caller: string, bytes: number): void {
    if (bytes > 0) this.#pace.charge(caller, this.#now(), bytes);
  }

  /** Answers a call with an error after `bytes` of its message were read. */
  refuse(caller: string, stream: ServerStream, error: RpcError, bytes = 0): void {
    const price = priceOf(error, bytes);
    this.waste(caller, price);
    if (price === 0 || this.owedMs(caller) === 0) {
      refuse(stream, error);
      return;
    }
    this.#remember(caller, reasonOf(error));
    const { session } = stream;
    if (this.#held.hold(caller, stream, error)) this.note(caller, session.from, "refusal");
    else {
      const { from } = session;
      this.note(caller, from, "connection");
      this.#denied.note({ reason: "REFUSED_TOO_OFTEN", identity: caller, from, what: "a connection" });
      this.waste(networkOf(from), HANDSHAKE_BYTES);
      session.destroy();
    }
  }

  /** Why a message of so many bytes is not read; null if it is. */
  refuseMessage(caller: string, from: string, bytes: number): RpcError | null {
    if (bytes <= LARGE_BYTES) return null;
    const owedMs = this.owedMs(caller);
    if (owedMs === 0) return null;
    this.note(caller, from, "message");
    const last = this.#lastReasons.get(caller);
    const why = last === undefined ? "" : `, at last for ${last}`;
    return rpcError(
      status.RESOURCE_EXHAUSTED,
      "REFUSED_TOO_OFTEN",
      `${caller} keeps sending what is refused${why}: its large messages are not read for a while`,
      {},
      Math.min(DELAY_MS_MAX, Math.ceil(owedMs / DELAY_STEP_MS) * DELAY_STEP_MS),
    );
  }

  note(caller: string, from: string, what: Slowed): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    const reason = this.#lastReasons.get(caller) ?? "";
    this.#lines.log(`${caller} ${from}`, { caller, from, what, reason });
  }

  #remember(caller: string, reason: string): void {
    this.#lastReasons.delete(caller);
    this.#lastReasons.set(caller, reason);
    const [oldest = ""] = this.#lastReasons.keys();
    if (this.#lastReasons.size > LAST_REASONS_MAX) this.#lastReasons.delete(oldest);
  }
}

/** The caller may not do this, or has sent what no method takes. */
const FAULTS: ReadonlySet<status> = new Set([
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.INVALID_ARGUMENT,
  status.UNIMPLEMENTED,
]);
/** Other refusals for which the caller is to blame. */
const FAULTY_REASONS: ReadonlySet<string> = new Set([
  "REQUEST_TOO_LARGE",
  "REQUEST_TOO_SLOW",
  "BYTES_TOO_OFTEN",
  "REFUSED_TOO_OFTEN",
  "REGISTERS_TOO_OFTEN",
]);
/** What a correct caller is told now and then. Its small calls cost nothing. */
const OUTCOMES: ReadonlySet<status> = new Set([
  status.FAILED_PRECONDITION,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.OUT_OF_RANGE,
]);

/** What a refused call wastes, in bytes. A server that can't serve now wastes none of its caller's. */
export function priceOf(error: RpcError, bytes: number): number {
  if (FAULTS.has(error.code)) return REFUSAL_BYTES + bytes;
  if (OUTCOMES.has(error.code)) {
    return bytes > LARGE_BYTES && reasonOf(error) !== "NOT_LEADER" ? bytes : 0;
  }
  const mayBeFaulty = error.code === status.RESOURCE_EXHAUSTED || error.code === status.DEADLINE_EXCEEDED;
  return mayBeFaulty && FAULTY_REASONS.has(reasonOf(error)) ? REFUSAL_BYTES + bytes : 0;
}
