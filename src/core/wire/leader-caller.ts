// The one way to reach the coordinator's leader from a list of endpoints: remembers who led, follows what
// not-leader answers say, tries another node when one is down or hangs, and always answers within the deadline.
// A retried write may have been applied already: that is safe because client sessions deduplicate it (design,
// "Exactly once"). Absent: circuit breaking, reads from followers.

import { setTimeout as sleepFor } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { assert, present } from "../base/assert.ts";
import type { Endpoint, Verdict } from "./leader-verdict.ts";
import { judge } from "./leader-verdict.ts";
import type { RpcFailure } from "./rpc-error.ts";
import { readRpcError } from "./rpc-error.ts";
import type { CallLimits } from "./unary.ts";

const ATTEMPT_MS = 1_500;
const PAUSE_MS_MIN = 25;
const PAUSE_MS_MAX = 400;
// For so long a node that failed is not believed to lead, whatever its peers (who may not know yet) say.
const SUSPECT_MS = 500;

/** Time and chance, a parameter for tests. `now` is in milliseconds since 1970. */
export interface CallerWorld {
  now(): number;
  sleep(ms: number): Promise<void>;
  /** In [0, 1). */
  random(): number;
}

export interface LeaderCallerOptions<Client> {
  readonly endpoints: readonly Endpoint[];
  readonly connect: (address: string) => Client;
  readonly world?: CallerWorld;
}

export interface CallOptions {
  /** How long the whole call may take, with all its attempts. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** No leader answered in time. */
export class LeaderUnavailable extends Error {
  override readonly name = "LeaderUnavailable";
  /** Addresses in the order they were first tried. */
  readonly tried: readonly string[];
  /** What the last meaningful answer said; null when there was no time to ask anybody. */
  readonly last: RpcFailure | null;
  /** An attempt ended without an answer, so that a write may have been taken all the same. */
  readonly isOutcomeUnknown: boolean;

  constructor(tried: readonly string[], last: RpcFailure | null, isOutcomeUnknown: boolean) {
    super(
      `no leader answered in time (tried ${tried.join(", ") || "nobody"}): ${last?.message ?? "no time left"}`,
    );
    this.tried = tried;
    this.last = last;
    this.isOutcomeUnknown = isOutcomeUnknown;
  }
}

const realWorld: CallerWorld = {
  now: Date.now,
  sleep: (ms) => sleepFor(ms),
  random: Math.random,
};

export class LeaderCaller<Client extends { close(): void }> {
  readonly #endpoints: readonly Endpoint[];
  readonly #connect: (address: string) => Client;
  readonly #world: CallerWorld;
  readonly #clients = new Map<string, Client>();
  readonly #suspectUntilMs = new Map<string, number>();
  #leader: string | null = null;
  #turn = 0;
  #isClosed = false;

  constructor(options: LeaderCallerOptions<Client>) {
    assert(options.endpoints.length > 0, "a leader is looked for among at least one endpoint");
    this.#endpoints = options.endpoints;
    this.#connect = options.connect;
    this.#world = options.world ?? realWorld;
  }

  /**
   * Calls the leader. `invoke` is called once an attempt and must pass the limits on to its rpc.
   * Throws the server's own refusal as it is, and LeaderUnavailable when the deadline passes without an answer.
   */
  async call<T>(
    invoke: (client: Client, limits: CallLimits) => Promise<T>,
    options: CallOptions,
  ): Promise<T> {
    const endMs = this.#world.now() + options.deadlineMs;
    const search = new Search();
    for (;;) {
      const remainingMs = endMs - this.#world.now();
      if (remainingMs <= 0 || this.#isClosed || options.signal?.aborted === true) throw search.failure();
      const address = this.#target();
      search.begin(address);
      try {
        const deadline = this.#world.now() + Math.min(remainingMs, ATTEMPT_MS);
        const answer = await invoke(this.#clientOf(address), limitsOf(deadline, options.signal));
        this.#trust(address);
        return answer;
      } catch (error) {
        const failure = readRpcError(error);
        const verdict = judge(failure, this.#endpoints);
        if (verdict.kind === "final") throw error;
        search.note(failure, verdict);
        const pauseMs = this.#learn(address, verdict, search);
        await this.#world.sleep(Math.min(pauseMs, Math.max(0, endMs - this.#world.now())));
      }
    }
  }

  /** The address last known to lead, for display. */
  get leader(): string | null {
    return this.#leader;
  }

  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  /** Takes note of a failed attempt; returns how long to pause before the next. */
  #learn(address: string, verdict: Exclude<Verdict, { kind: "final" }>, search: Search): number {
    switch (verdict.kind) {
      case "redirect":
        if (this.#isSuspect(verdict.leader)) {
          this.#forget(address);
          return search.pauseMs(this.#world.random());
        }
        this.#leader = verdict.leader;
        // The first hint is followed at once; nodes that keep pointing at each other must not be asked in a hot loop.
        return search.redirects++ === 0 ? 0 : search.pauseMs(this.#world.random());
      case "no-leader":
        this.#forget(address);
        return search.pauseMs(this.#world.random());
      case "overloaded":
        // Only the leader takes writes, so only the leader has too many.
        this.#trust(address);
        return Math.max(verdict.delayMs, search.pauseMs(this.#world.random()));
      case "unreachable":
        this.#suspectUntilMs.set(address, this.#world.now() + SUSPECT_MS);
        this.#forget(address);
        return search.pauseMs(this.#world.random());
    }
  }

  #target(): string {
    if (this.#leader !== null) return this.#leader;
    const count = this.#endpoints.length;
    const inTurn = this.#endpoints.map((_, offset) => this.#endpoints[(this.#turn + offset) % count]);
    const chosen = inTurn.find((endpoint) => endpoint !== undefined && !this.#isSuspect(endpoint.address));
    const address = present(chosen ?? inTurn[0], "there is at least one endpoint").address;
    this.#turn = (this.#endpoints.findIndex((endpoint) => endpoint.address === address) + 1) % count;
    return address;
  }

  #trust(address: string): void {
    this.#leader = address;
    this.#suspectUntilMs.delete(address);
  }

  /** Concurrent calls share the hint: only the one who followed it may drop it. */
  #forget(address: string): void {
    if (this.#leader === address) this.#leader = null;
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

/** What one call has tried and heard so far. */
class Search {
  readonly #tried = new Set<string>();
  #last: RpcFailure | null = null;
  #isOutcomeUnknown = false;
  #ceilingMs = PAUSE_MS_MIN;
  redirects = 0;

  begin(address: string): void {
    this.#tried.add(address);
  }

  note(failure: RpcFailure, verdict: Verdict): void {
    // A bare timeout says less than an earlier answer such as "no leader is known".
    if (this.#last === null || failure.code !== status.DEADLINE_EXCEEDED) this.#last = failure;
    this.#isOutcomeUnknown ||= verdict.kind === "unreachable" && verdict.mayHaveArrived;
  }

  /** Doubles up to the ceiling, with jitter over the upper half so that callers do not march in step. */
  pauseMs(random: number): number {
    const ceilingMs = this.#ceilingMs;
    this.#ceilingMs = Math.min(ceilingMs * 2, PAUSE_MS_MAX);
    return ceilingMs * (0.5 + random / 2);
  }

  failure(): LeaderUnavailable {
    return new LeaderUnavailable([...this.#tried], this.#last, this.#isOutcomeUnknown);
  }
}

function limitsOf(deadline: number, signal: AbortSignal | undefined): CallLimits {
  return signal === undefined ? { deadline } : { deadline, signal };
}
