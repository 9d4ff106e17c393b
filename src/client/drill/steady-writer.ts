// Writes at a steady rate through a client, whatever happens to the servers, and records each answer. What
// must stay true: a number is one write, however often the client retries it, and only a definite refusal
// counts as failed. Every other unacknowledged write is unknown.

import type { ErrorCounts, WriteSample } from "../../core/drill/client-view.ts";
import type { DrillEvent } from "../../core/drill/timeline.ts";
import type { AttemptedWrite } from "../../core/drill/verdict.ts";
import type { FleetClient } from "../fleet-client.ts";
import { codeOf, isOutcomeUnknown } from "./outcome.ts";

const WRITE_DEADLINE_MS = 15_000;

export interface SteadyWriterOptions {
  readonly drillId: string;
  /** The number of its probes is this and the number of the write. */
  readonly fromNumber?: number;
  /** Writes a second. */
  readonly rate: number;
  /** Milliseconds on the drill's clock. */
  readonly now: () => number;
  readonly onEvent: (event: DrillEvent) => void;
}

export class SteadyWriter {
  readonly #client: FleetClient;
  readonly #options: SteadyWriterOptions;
  readonly #results = new Map<number, AttemptedWrite["result"]>();
  readonly #samples = new Map<number, WriteSample>();
  readonly #acknowledged = new Set<number>();
  readonly #errors = new Map<string, number>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #startedMs: number;
  readonly #timer: NodeJS.Timeout;
  #last = 0;
  #isStopped = false;

  constructor(client: FleetClient, options: SteadyWriterOptions) {
    this.#client = client;
    this.#options = options;
    this.#startedMs = options.now();
    options.onEvent({ kind: "started", atMs: this.#startedMs });
    this.#timer = setInterval(() => this.#writeDue(), 1_000 / options.rate);
  }

  /** How many writes have been acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  get acknowledgedNumbers(): ReadonlySet<number> {
    return this.#acknowledged;
  }

  /** When each write started and was acknowledged. */
  get samples(): readonly WriteSample[] {
    return [...this.#samples.values()];
  }

  get errors(): ErrorCounts {
    return Object.fromEntries(this.#errors);
  }

  /** Starts no more writes and waits for the running ones; a second call only returns the same result. */
  async stop(): Promise<readonly AttemptedWrite[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    if (!this.#isStopped) this.#options.onEvent({ kind: "stopped", atMs: this.#options.now() });
    this.#isStopped = true;
    return [...this.#results].map(([number, result]) => ({ number, result }));
  }

  // A late timer catches up: the rate is kept on average.
  #writeDue(): void {
    const due = Math.floor(((this.#options.now() - this.#startedMs) / 1_000) * this.#options.rate);
    while (this.#last < due) {
      this.#last += 1;
      const write = this.#write(this.#last);
      this.#underWay.add(write);
      void write.then(() => this.#underWay.delete(write));
    }
  }

  async #write(number: number): Promise<void> {
    const { drillId, fromNumber = 0, now, onEvent } = this.#options;
    const begunMs = now();
    this.#results.set(number, "unknown");
    this.#samples.set(number, { number, begunMs, acknowledgedMs: null });
    try {
      const value = { drillId, number: fromNumber + number };
      const operation = { kind: { $case: "recordProbe", value } } as const;
      const { term } = await this.#client.submit(operation, {
        reason: drillId,
        deadlineMs: WRITE_DEADLINE_MS,
      });
      const atMs = now();
      this.#results.set(number, "acknowledged");
      this.#acknowledged.add(number);
      this.#samples.set(number, { number, begunMs, acknowledgedMs: atMs });
      onEvent({ kind: "acknowledged", atMs, number, term, begunMs });
    } catch (error) {
      this.#errors.set(codeOf(error), (this.#errors.get(codeOf(error)) ?? 0) + 1);
      this.#results.set(number, isOutcomeUnknown(error) ? "unknown" : "failed");
    }
  }
}
