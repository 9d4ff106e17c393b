// Reports to the coordinators' leader what this shard serves, regularly and soon after a change. Must stay
// true: nothing waits for a report, reports never overlap, and an outage is one line in the log, not one
// every few seconds. report.ts builds a report, and answer.ts applies its answer.

import { isBug } from "../base/assert.ts";
import type { Log } from "../base/log.ts";
import { LeaderUnavailable } from "../wire/leader/leader-search.ts";
import { readRpcError } from "../wire/rpc-error.ts";
import type { InternalErrors } from "../wire/server/internal-errors.ts";

const DEBOUNCE_MS = 100;
// At most one report in this time for news that any agent can cause at will by dialing.
const SPARING_MS = 500;

const ONE_OF_TWO = "two processes run as this shard: stop one; fleet shard list shows the other's address";
/** What ends a refusal that is no outage. */
const NEXT: Readonly<Record<string, string>> = {
  SHARD_ADDRESS_CONFLICT: ONE_OF_TWO,
  EPOCH_STALE: ONE_OF_TWO,
  SHARD_REMOVED: "stop its process, or take it back: fleet shard activate",
};

export interface ReporterOptions {
  readonly intervalMs: number;
  /** Sends one report and applies its answer; rejects when no coordinator accepted it. */
  readonly report: (signal: AbortSignal) => Promise<void>;
  readonly log: Log;
  readonly errors: Pick<InternalErrors, "note">;
}

export class Reporter {
  readonly #options: ReporterOptions;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  // When the next report for news should start, by performance.now(); null = there is no news.
  #wishedMs: number | null = null;
  #lastBegunMs = Number.NEGATIVE_INFINITY;
  #isOutage = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** Asks for a report soon: changes at the same time share one report. */
  poke(): void {
    this.#wish(performance.now() + DEBOUNCE_MS);
  }

  /** Also asks for a report, but for at most two a second. */
  pokeSparingly(): void {
    this.#wish(Math.max(performance.now() + DEBOUNCE_MS, this.#lastBegunMs + SPARING_MS));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  #wish(atMs: number): void {
    if (this.#closing.signal.aborted || (this.#wishedMs !== null && this.#wishedMs <= atMs)) return;
    this.#wishedMs = atMs;
    if (this.#running === null) this.#schedule(atMs - performance.now());
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#running = this.#run();
    }, delayMs);
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    this.#wishedMs = null;
    this.#lastBegunMs = performance.now();
    try {
      await this.#options.report(this.#closing.signal);
      this.#succeeded();
    } catch (error) {
      this.#failed(error);
    }
    this.#running = null;
    if (!this.#closing.signal.aborted) this.#schedule(this.#pauseMs());
  }

  /** News during a report has waited already, and more may follow soon. */
  #pauseMs(): number {
    const { intervalMs } = this.#options;
    if (this.#wishedMs === null) return intervalMs;
    return Math.max(DEBOUNCE_MS, Math.min(intervalMs, this.#wishedMs - performance.now()));
  }

  #succeeded(): void {
    if (this.#isOutage) this.#options.log.info("reports reach the coordinator again");
    this.#isOutage = false;
  }

  #failed(error: unknown): void {
    if (isBug(error)) this.#options.errors.note(error, "a report to the coordinator");
    if (this.#isOutage || this.#closing.signal.aborted) return;
    this.#isOutage = true;
    const failure = error instanceof LeaderUnavailable ? error.last?.failure : readRpcError(error);
    this.#options.log.warn("reports to the coordinator fail; sessions continue without it", {
      reason: failure?.reason ?? null,
      message: failure?.message ?? null,
      next: NEXT[failure?.reason ?? ""],
    });
  }
}
