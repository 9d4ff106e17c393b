// Counts each identity's calls, their rate, and their unread answers: calls beyond its limits (identity-limits.ts) are
// refused with a delay. What must stay true: an identity has one budget over all its connections. A used-up budget takes
// nothing from another identity. Memory is bounded by the number of calling identities, which callers can't
// invent. A message that its caller may not send is refused before it is read.

import { status } from "@grpc/grpc-js";
import { assert } from "../../base/assert.ts";
import type { MonotonicMs } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { Pace } from "../../base/pace.ts";
import type { ServerStream } from "../http2/server-stream.ts";
import { type RpcError, rpcError } from "../rpc-error.ts";
import { addressOf, formatIdentity, type Identity } from "../tls/identity.ts";
import { CallerLines } from "./caller-lines.ts";
import { type IdentityLimits, limitsOf } from "./identity-limits.ts";
import { HEADER_BYTES } from "./message-frames.ts";
import type { RefusedCallers } from "./refused-callers.ts";
import { refuse } from "./stream-answer.ts";
import { type ManyAnswers, UNREAD_BYTES_MAX, UnreadAnswers } from "./unread-answers.ts";

const DELAY_STEP_MS = 100;
const DELAY_MS_MAX = 10_000;

export type Limit = "CALLS_TOO_OFTEN" | "TOO_MANY_CALLS" | "BYTES_TOO_OFTEN" | "ANSWERS_UNREAD";
/** Beyond the limit of unread answers they are read within READ_WITHIN_MS, or their streams end. */
const UNREAD_RETRY_MS = 1_000;

/** The budget of a started call. */
export interface CallBudget {
  /** Shared by all calls of the identity; null = nothing of it is counted. */
  readonly account: object | null;
  /** A message of so many bytes begins; an error refuses it before it is read. */
  announce(bytes: number): RpcError | null;
  /** Answers the call with an error, after so many bytes of its message were read. */
  refuse(stream: ServerStream, error: RpcError, bytes: number): void;
  /** So many bytes of a message were read that was never whole. */
  waste(bytes: number): void;
  /** Whether the caller has room for an answer of so many bytes; an error refuses the call. */
  refuseUnread(bytes?: number): RpcError | null;
  /** The call's one answer, to be counted until the stream closes. */
  answer(stream: ServerStream, bytes: number): void;
  /** The stream that is answered again and again. */
  watch(stream: ServerStream, answers: ManyAnswers): void;
  /** Such a stream got an answer of so many bytes. */
  wrote(stream: ServerStream, bytes: number): void;
  /**
   * Call it when the handler starts, and what it returns when the handler has settled. Until then the call counts, also if
   * its caller has reset it.
   */
  hold(): () => void;
  /** To be called when the stream has closed; null = nothing was counted. */
  readonly end: ((stream: ServerStream) => void) | null;
}

type Refused = Pick<RefusedCallers, "refuse" | "waste" | "refuseMessage">;

interface Account {
  readonly name: string;
  underWay: number;
}

interface Caller {
  readonly name: string;
  readonly kind: Identity["kind"];
  readonly from: string;
  /** Now: a member may be removed while a call of it is open. Null: only its unread answers are limited. */
  readonly limits: IdentityLimits | null;
}

interface Paces {
  readonly calls: Pace;
  readonly bytes: Pace;
}

const nothing = () => undefined;
const UNLIMITED: CallBudget = {
  ...{ account: null, announce: () => null, refuseUnread: () => null, refuse, waste: nothing },
  ...{ answer: nothing, watch: nothing, wrote: nothing, hold: () => nothing, end: null },
};

export class CallBudgets {
  readonly #now: () => MonotonicMs;
  readonly #lines: CallerLines;
  readonly #limitsOf: typeof limitsOf;
  /** Accounts of identities that have running calls. */
  readonly #accounts = new Map<string, Account>();
  readonly #paces = new Map<Identity["kind"], Paces>();
  readonly #counts = new Map<Identity["kind"], Map<Limit, number>>();
  /** All calls with the same delay share one error object. */
  readonly #errors = new Map<string, RpcError>();
  readonly #unread: UnreadAnswers;
  readonly #refused: Refused;

  constructor(log: Pick<Log, "warn">, now: () => MonotonicMs, refused: Refused, limits = limitsOf) {
    this.#now = now;
    this.#refused = refused;
    this.#limitsOf = limits;
    this.#unread = new UnreadAnswers(now);
    this.#lines = new CallerLines((fields) => log.warn("a caller is held back by its limits", fields), now);
  }

  /** Refused calls by kind of identity and limit. */
  get counts(): ReadonlyMap<Identity["kind"], ReadonlyMap<Limit, number>> {
    return this.#counts;
  }

  /** Number of identities with running calls. */
  get accounts(): number {
    return this.#accounts.size;
  }

  /**
   * A call's headers from an address have arrived; an error refuses the call. `isStranger`: a replica that is no member
   * here, which has limits.
   */
  begin(identity: Identity, from: string, isStranger = false): CallBudget | RpcError {
    const { kind } = identity;
    if (kind === "admin") return UNLIMITED;
    const limits = this.#limitsOf(isStranger ? "cluster" : kind);
    const name = formatIdentity(identity);
    const caller = { name, kind, from, limits };
    const account = this.#accounts.get(name) ?? { name, underWay: 0 };
    if (limits !== null) {
      if (account.underWay >= limits.callsAtOnce) return this.#refuse("TOO_MANY_CALLS", caller, 0);
      const waitMs = this.#pacesOf(kind, limits).calls.waitMs(name, this.#now());
      if (waitMs > 0) return this.#refuse("CALLS_TOO_OFTEN", caller, waitMs);
    }
    account.underWay += 1;
    this.#accounts.set(name, account);
    let parts = 1;
    const leave = () => {
      parts -= 1;
      if (parts === 0) this.#end(account);
    };
    return {
      account,
      announce: (bytes) => this.#announce(caller, bytes),
      // A member forwards its clients' operations: what they do wrong is answered to it.
      refuse:
        limits === null ? refuse : (stream, error, bytes) => this.#refused.refuse(name, stream, error, bytes),
      waste: limits === null ? nothing : (bytes) => this.#refused.waste(name, bytes),
      refuseUnread: (bytes = 0) => {
        if (this.#unread.hasRoom(name, bytes)) return null;
        return this.#refuse("ANSWERS_UNREAD", caller, UNREAD_RETRY_MS);
      },
      answer: (stream, bytes) => this.#unread.begin(name, stream, bytes),
      // Raft bounds what it sends to replicas (ADR-0023).
      watch: (stream, answers) => limits !== null && this.#unread.watch(name, stream, answers),
      wrote: (stream, bytes) => limits !== null && this.#unread.wrote(name, stream, bytes),
      hold: () => {
        // The call has ended, and counts no more.
        if (parts === 0) return nothing;
        parts += 1;
        return leave;
      },
      end: (stream) => {
        this.#unread.end(name, stream);
        leave();
      },
    };
  }

  /** Tells whether the streams of an identity may get more answers: it has read enough of those that it got. */
  streamRoomOf(identity: Identity): () => boolean {
    if (this.#limitsOf(identity.kind) === null) return () => true;
    const name = formatIdentity(identity);
    return () => this.#unread.hasStreamRoom(name);
  }

  /** A further request on a stream that was admitted long ago counts as a call; an error refuses it. */
  again(identity: Identity, isStranger = false): RpcError | null {
    const { kind } = identity;
    const limits = this.#limitsOf(isStranger ? "cluster" : kind);
    if (limits === null) return null;
    const name = formatIdentity(identity);
    const waitMs = this.#pacesOf(kind, limits).calls.waitMs(name, this.#now());
    if (waitMs === 0) return null;
    return this.#refuse("CALLS_TOO_OFTEN", { name, kind, from: addressOf(identity), limits }, waitMs);
  }

  #announce(caller: Caller, bytes: number): RpcError | null {
    const { kind, name, from, limits } = caller;
    // Raft bounds what members send, and needs it (ADR-0023).
    if (limits === null) return null;
    const refused = this.#refused.refuseMessage(name, from, bytes);
    if (refused !== null) return refused;
    const waitMs = this.#pacesOf(kind, limits).bytes.waitMs(name, this.#now(), HEADER_BYTES + bytes);
    return waitMs === 0 ? null : this.#refuse("BYTES_TOO_OFTEN", caller, waitMs);
  }

  #end(account: Account): void {
    assert(account.underWay > 0, "a call ends once");
    account.underWay -= 1;
    if (account.underWay === 0) this.#accounts.delete(account.name);
  }

  #pacesOf(kind: Identity["kind"], { calls, bytes }: IdentityLimits): Paces {
    const paces = this.#paces.get(kind) ?? { calls: new Pace(calls), bytes: new Pace(bytes) };
    this.#paces.set(kind, paces);
    return paces;
  }

  #refuse(limit: Limit, { name, kind, from, limits }: Caller, waitMs: number): RpcError {
    const counts = this.#counts.get(kind) ?? new Map<Limit, number>();
    this.#counts.set(kind, counts.set(limit, (counts.get(limit) ?? 0) + 1));
    this.#lines.log(`${limit} ${name}`, { identity: name, from, limit });
    const steps = Math.max(1, Math.ceil(Math.min(waitMs, DELAY_MS_MAX) / DELAY_STEP_MS));
    const key = `${limit} ${kind} ${steps}`;
    const error = this.#errors.get(key) ?? refusal(limit, kind, limits, steps * DELAY_STEP_MS);
    this.#errors.set(key, error);
    return error;
  }
}

function refusal(limit: Limit, kind: string, limits: IdentityLimits | null, delayMs: number): RpcError {
  const most = {
    CALLS_TOO_OFTEN: `begin ${limits?.calls.perSecond} calls a second`,
    TOO_MANY_CALLS: `have ${limits?.callsAtOnce} calls under way`,
    BYTES_TOO_OFTEN: `send ${limits?.bytes.perSecond} bytes a second`,
    ANSWERS_UNREAD: `leave ${UNREAD_BYTES_MAX} bytes of answers unread`,
  };
  const message = `one ${kind} may ${most[limit]} here, over all of its connections: try again in ${delayMs} ms`;
  return rpcError(status.RESOURCE_EXHAUSTED, limit, message, { kind }, delayMs);
}
