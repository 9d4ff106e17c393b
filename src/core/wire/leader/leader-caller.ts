// The one way to reach the coordinators' leader from a list of endpoints. It remembers the leader, follows
// not-leader answers, tries another node when one is down or hangs, and always answers within the deadline.
// What must stay true: while no leader is known, a few calls look for it and all others wait for them. So a
// fleet in trouble does not get more requests when its clients have more work. A retried write may have been
// applied already; that is safe because client sessions deduplicate it (design, "Exactly once"). A slow
// leader is not abandoned while its followers name it (leader-patience.ts). Absent: reads from followers.

import { setTimeout as sleepFor } from "node:timers/promises";
import { assert, present } from "../../base/assert.ts";
import { backoffMs } from "../../base/backoff.ts";
import { type MonotonicMs, systemClock } from "../../base/clock.ts";
import { readRpcError } from "../rpc-error.ts";
import type { CallLimits } from "../unary.ts";
import { type Claim, LeaderBreaker } from "./leader-breaker.ts";
import { LeaderDoubt, type SecondOpinion } from "./leader-doubt.ts";
import { LeaderPatience } from "./leader-patience.ts";
import { Search } from "./leader-search.ts";
import type { Endpoint, FailureVerdict } from "./leader-verdict.ts";
import { atKnownAddress, isTimeout, judge } from "./leader-verdict.ts";
import { SearchSlots } from "./search-slots.ts";

const PAUSE = { initialMs: 25, maxMs: 400 };
// For this long a failed node is not believed to lead, even if its peers (which may not know yet) name it.
const SUSPECT_MS = 500;

/** Time and randomness, a parameter for tests. `now` is the monotonic clock. */
export interface CallerWorld {
  now(): MonotonicMs;
  /** Rejects when `signal` is aborted first; or never, where sleeping costs nothing. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

export interface LeaderCallerOptions<Client> {
  readonly endpoints: readonly Endpoint[];
  readonly connect: (address: string) => Client;
  readonly world?: CallerWorld;
  /** Without it, a call at a silent node waits until its time limit. */
  readonly secondOpinion?: SecondOpinion<Client>;
}

export interface CallOptions {
  /** Limit of the whole call, with all its attempts. */
  readonly deadlineMs: number;
  /** What each attempt has at least, for a call that takes long at every node. Absent = what any call's has. */
  readonly attemptMs?: number;
  readonly signal?: AbortSignal;
}

const realWorld: CallerWorld = {
  now: systemClock.monotonicMs,
  sleep: (ms, signal) => sleepFor(ms, undefined, signal === undefined ? {} : { signal }),
  random: Math.random,
};

/** One running call. */
interface PendingCall {
  readonly endMs: MonotonicMs;
  readonly attemptMs: number;
  readonly signal: AbortSignal | undefined;
  readonly search: Search;
}

/** Which node was called, since when, for how long, and whether as the known leader or to find one. */
interface Attempt {
  readonly address: string;
  readonly beganMs: number;
  readonly limitMs: number;
  readonly turn: "knows" | "looks";
}

export class LeaderCaller<Client extends { close(): void }> {
  readonly #endpoints: readonly Endpoint[];
  readonly #connect: (address: string) => Client;
  readonly #world: CallerWorld;
  readonly #clients = new Map<string, Client>();
  readonly #suspectUntilMs = new Map<string, number>();
  readonly #breaker = new LeaderBreaker();
  readonly #patience = new LeaderPatience();
  readonly #searchSlots = new SearchSlots();
  readonly #doubt: LeaderDoubt | null;
  /** The newest call that looked for the leader. */
  #lastSearch: Search | null = null;
  /** It has answered as a leader does: every call uses it. */
  #leader: string | null = null;
  /** It is said to lead: calls that look for the leader try it. */
  #hint: string | null = null;
  /** Looks for the leader since the last one that found it. */
  #looks = 0;
  #turn = 0;
  #isClosed = false;

  constructor(options: LeaderCallerOptions<Client>) {
    assert(options.endpoints.length > 0, "a leader is looked for among at least one endpoint");
    this.#endpoints = options.endpoints;
    this.#connect = options.connect;
    this.#world = options.world ?? realWorld;
    this.#doubt = options.secondOpinion === undefined ? null : this.#doubtBy(options.secondOpinion);
  }

  /**
   * Calls the leader. `invoke` runs once for each attempt and must pass the limits to its rpc. Throws the
   * server's own refusal unchanged, and LeaderUnavailable when the deadline passes without an answer.
   */
  async call<T>(
    invoke: (client: Client, limits: CallLimits) => Promise<T>,
    options: CallOptions,
  ): Promise<T> {
    const { deadlineMs, attemptMs = 0, signal } = options;
    const pending = { endMs: this.#world.now() + deadlineMs, attemptMs, signal, search: new Search() };
    for (;;) {
      const turn = await this.#myTurn(pending);
      if (turn === "over") throw pending.search.failure(this.#lastSearch);
      const attempt = this.#begin(pending, turn);
      try {
        const endMs = Math.min(pending.endMs, attempt.beganMs + attempt.limitMs);
        const send = () => invoke(this.#clientOf(attempt.address), limitsOf(endMs, signal));
        const answer = await (this.#doubt === null ? send() : this.#doubt.during(attempt.address, send));
        this.#trust(attempt.address);
        this.#patience.answered(attempt.address, this.#world.now() - attempt.beganMs);
        return answer;
      } catch (error) {
        const pauseMs = this.#onFailure(error, attempt, pending);
        const remainingMs = Math.max(0, pending.endMs - this.#world.now());
        await this.#sleep(Math.min(pauseMs, remainingMs), signal);
      } finally {
        if (turn === "looks") this.#searchSlots.leave();
      }
    }
  }

  /** The last known leader's address, for display. */
  get leader(): string | null {
    return this.#leader;
  }

  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
    this.#searchSlots.wake();
  }

  #doubtBy({ ask, sleep }: SecondOpinion<Client>): LeaderDoubt {
    const addresses = this.#endpoints.map(({ address }) => address);
    return new LeaderDoubt({
      now: () => this.#world.now(),
      sleep,
      others: (address) => (this.#isClosed ? [] : addresses.filter((other) => other !== address)),
      ask: (address, limits) => ask(this.#clientOf(address), limits),
      isReplaced: (address, claim) => this.#isReplaced(address, claim),
    });
  }

  /** Whether a replica's claim is reason enough to leave the silent node: then the next attempt follows it. */
  #isReplaced(silent: string, said: Claim): boolean {
    const claim = atKnownAddress(said, this.#endpoints);
    const hearing = this.#breaker.hear(claim);
    if (claim.address === silent || hearing === "stale") return false;
    if (hearing === "new-leadership") this.#suspectUntilMs.delete(claim.address);
    else if (this.#isSuspect(claim.address) || this.#breaker.isOpen) return false;
    this.#suspectUntilMs.set(silent, this.#world.now() + SUSPECT_MS);
    this.#forget(silent);
    this.#hint = claim.address;
    return true;
  }

  /** Waits until this call may call a node: the leader, or as one of the few calls that look for it. */
  async #myTurn({ endMs, signal }: PendingCall): Promise<Attempt["turn"] | "over"> {
    for (;;) {
      const now = this.#world.now();
      if (now >= endMs || this.#isClosed || signal?.aborted === true) return "over";
      if (this.#leader !== null) return "knows";
      const waitMs = this.#breaker.waitMs(now);
      const lookersMax = this.#breaker.isOpen ? 1 : this.#endpoints.length;
      if (waitMs === 0 && this.#searchSlots.enter(lookersMax)) return "looks";
      const untilMs = Math.min(endMs - now, waitMs === 0 ? Number.POSITIVE_INFINITY : waitMs);
      await this.#searchSlots.wait((woken) =>
        this.#sleep(untilMs, signal === undefined ? woken : AbortSignal.any([woken, signal])),
      );
    }
  }

  /** Until the time is over, or `signal` is aborted. */
  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return this.#world.sleep(ms, signal).catch(() => undefined);
  }

  #begin({ search, attemptMs }: PendingCall, turn: Attempt["turn"]): Attempt {
    const address = this.#target();
    search.begin(address);
    if (turn === "looks") this.#lastSearch = search;
    const limitMs = Math.max(this.#patience.limitMs(address), attemptMs);
    return { address, beganMs: this.#world.now(), limitMs, turn };
  }

  /** Throws the error for the caller; otherwise learns from the failure and returns how long to pause. */
  #onFailure(error: unknown, attempt: Attempt, pending: PendingCall): number {
    const { search, signal } = pending;
    const failure = readRpcError(error);
    const verdict = judge(failure, this.#endpoints);
    if (verdict.kind === "final") {
      // The named leader answered with a refusal, so it is the leader.
      if (attempt.address === this.#hint) this.#trust(attempt.address);
      throw error;
    }
    search.note(attempt.address, failure, verdict);
    // A cancelled attempt says nothing about the leader.
    if (signal?.aborted === true) throw search.failure(null);
    if (isTimeout(failure)) this.#ranOut(attempt, pending);
    else if (verdict.kind !== "overloaded") this.#patience.forget(attempt.address);
    return this.#learn(attempt, verdict, search);
  }

  #ranOut({ address, beganMs, limitMs }: Attempt, { endMs, attemptMs }: PendingCall): void {
    // A call's own deadline may be too short for any leader. A long call says nothing about other calls.
    if (beganMs + limitMs > endMs || attemptMs > 0) return;
    this.#patience.ranOut(address, limitMs);
    // With one endpoint no other node could confirm that it still leads.
    if (this.#endpoints.length === 1) this.#patience.confirm(address);
  }

  /** Notes a failed attempt; returns how long to pause before the next. */
  #learn(attempt: Attempt, verdict: Exclude<FailureVerdict, { kind: "final" }>, search: Search): number {
    const { address } = attempt;
    switch (verdict.kind) {
      case "redirect":
        this.#forget(address);
        if (!this.#believes(verdict.claim, attempt)) return this.#pauseMs(attempt);
        this.#hint = verdict.claim.address;
        if (this.#patience.isSlow(verdict.claim.address)) this.#resume(verdict.claim.address);
        // The first hint is followed at once. Nodes that keep naming each other must not be called in a hot
        // loop.
        return search.redirects++ === 0 ? 0 : this.#pauseMs(attempt);
      case "no-leader":
        this.#forget(address);
        return this.#pauseMs(attempt);
      case "overloaded":
        // Only the leader accepts writes, so only the leader has too many. Jitter, so that callers do not all
        // return at once.
        this.#trust(address);
        return Math.max(verdict.delayMs * (1 + this.#world.random() / 2), this.#pauseMs(attempt));
      case "unreachable":
        this.#suspectUntilMs.set(address, this.#world.now() + SUSPECT_MS);
        this.#forget(address);
        if (this.#breaker.isOpen || this.#breaker.isClaimed(address)) this.#countFailure(attempt);
        return this.#pauseMs(attempt);
    }
  }

  /** Whether to believe a node's claim about the leader. */
  #believes(claim: Extract<FailureVerdict, { kind: "redirect" }>["claim"], attempt: Attempt): boolean {
    switch (this.#breaker.hear(claim)) {
      case "stale":
        return false;
      case "new-leadership":
        // It was elected after it failed.
        this.#suspectUntilMs.delete(claim.address);
        return true;
      case "known":
        if (this.#patience.isSlow(claim.address)) return true;
        // While the breaker is open, this may be the next probe: without a probe it could not close.
        if (this.#isSuspect(claim.address) || this.#breaker.isOpen) this.#countFailure(attempt);
        return !this.#isSuspect(claim.address);
    }
  }

  #countFailure({ beganMs }: Attempt): void {
    this.#breaker.failed(beganMs, this.#world.now(), this.#world.random());
  }

  #pauseMs({ turn }: Attempt): number {
    // An open breaker has its own backoff, which #myTurn applies.
    if (this.#breaker.isOpen) return 0;
    const pauseMs = backoffMs(this.#looks, PAUSE, this.#world.random());
    // A leader's death fails all its calls at once, which is no reason to look for the next leader slowly.
    if (turn === "looks") this.#looks += 1;
    return pauseMs;
  }

  #target(): string {
    const named = this.#leader ?? this.#hint;
    if (named !== null) return named;
    const count = this.#endpoints.length;
    const inTurn = this.#endpoints.map((_, offset) => this.#endpoints[(this.#turn + offset) % count]);
    const chosen = inTurn.find((endpoint) => endpoint !== undefined && !this.#isSuspect(endpoint.address));
    const address = present(chosen ?? inTurn[0], "there is at least one endpoint").address;
    this.#turn = (this.#endpoints.findIndex((endpoint) => endpoint.address === address) + 1) % count;
    return address;
  }

  #trust(address: string): void {
    this.#leader = address;
    this.#hint = null;
    this.#looks = 0;
    this.#suspectUntilMs.delete(address);
    this.#breaker.succeeded(address);
    this.#searchSlots.wake();
  }

  /** It leads and is slow: all calls that wait for a leader keep waiting there, with a longer limit. */
  #resume(address: string): void {
    this.#patience.confirm(address);
    this.#leader = address;
    this.#searchSlots.wake();
  }

  /** Concurrent calls share the hint: only a call that followed it may drop it. */
  #forget(address: string): void {
    if (this.#leader === address) this.#leader = null;
    if (this.#hint === address) this.#hint = null;
  }

  #isSuspect(address: string): boolean {
    return (this.#suspectUntilMs.get(address) ?? 0) > this.#world.now();
  }

  #clientOf(address: string): Client {
    assert(!this.#isClosed, "a closed caller makes no clients");
    const client = this.#clients.get(address) ?? this.#connect(address);
    this.#clients.set(address, client);
    return client;
  }
}

function limitsOf(endMs: MonotonicMs, signal: AbortSignal | undefined): CallLimits {
  return signal === undefined ? { endMs } : { endMs, signal };
}
