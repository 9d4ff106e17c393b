// A few clients that read and compare-and-set the same registers concurrently, whatever happens to the
// servers. The registers are probes under the drill's name, so that no operator's row is ever touched. What
// must stay true: an event is recorded before its request leaves and after its answer came, and only a
// definite refusal counts as one.

import { setTimeout as sleep } from "node:timers/promises";
import { OperatorError } from "../../core/base/errors.ts";
import type { RegisterOutput } from "../../core/check/models/register.ts";
import type { RegistersInput } from "../../core/check/models/registers.ts";
import type { ErrorCounts } from "../../core/drill/client-view.ts";
import type { HistoryEvent } from "../../core/drill/register-history.ts";
import type { FleetClient } from "../fleet-client.ts";
import { listRows, type ProbeRange } from "./drill-rows.ts";
import { codeOf, isOutcomeUnknown } from "./outcome.ts";

const CLIENTS = 5;
const REGISTERS = 3;
const PAUSE_MS = 20;
// About as long as a failover takes, so that histories contain unknown outcomes: a lost or a repeated write
// hides behind these.
const DEADLINE_MS = 100;
// After the drill the fleet is whole again, and the registers' content shows whether a write was lost.
const LAST_READ_DEADLINE_MS = 5_000;

export interface RegisterLoadOptions {
  readonly drillId: string;
  readonly range: ProbeRange;
  /** Milliseconds on the drill's clock. */
  readonly now: () => number;
  /** Called for every answered read, with its term. */
  readonly onRead?: (begunMs: number, term: number) => void;
}

type RegisterClient = Pick<FleetClient, "submit" | "listProbes">;

/** What one client believes to be in each register; an unknown register may hold anything. */
type Beliefs = Map<number, number | null>;

export class RegisterLoad {
  readonly #client: RegisterClient;
  readonly #options: RegisterLoadOptions;
  readonly #events: HistoryEvent[] = [];
  readonly #clients: Promise<unknown>;
  #ended: Promise<readonly HistoryEvent[]> | null = null;
  readonly #errors = new Map<string, number>();
  #isStopping = false;

  constructor(client: RegisterClient, options: RegisterLoadOptions) {
    this.#client = client;
    this.#options = options;
    this.#clients = Promise.all(Array.from({ length: CLIENTS }, (_, process) => this.#run(process)));
  }

  get errors(): ErrorCounts {
    return Object.fromEntries(this.#errors);
  }

  /** Waits for running operations, reads every register once more, and returns all events in their order. */
  stop(): Promise<readonly HistoryEvent[]> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<readonly HistoryEvent[]> {
    this.#isStopping = true;
    await this.#clients;
    for (let register = 0; register < REGISTERS; register += 1) {
      await this.#read(CLIENTS, register, LAST_READ_DEADLINE_MS);
    }
    return this.#events;
  }

  async #run(process: number): Promise<void> {
    const beliefs: Beliefs = new Map();
    while (!this.#isStopping) {
      const register = Math.floor(Math.random() * REGISTERS);
      const believed = beliefs.get(register);
      // Another client's writes make some of these mismatches, which are as informative as successes.
      const isRead = believed === undefined || Math.random() < 0.5;
      const now = isRead
        ? await this.#read(process, register, DEADLINE_MS)
        : await this.#compareAndSet(process, register, believed);
      if (now === undefined) beliefs.delete(register);
      else beliefs.set(register, now);
      await sleep(PAUSE_MS);
    }
  }

  /** The register's value; undefined = not known. */
  async #read(process: number, register: number, deadlineMs: number): Promise<number | null | undefined> {
    const { drillId, range } = this.#options;
    const output = await this.#record(process, { kind: "read", register: nameOf(register) }, async () => {
      const begunMs = this.#options.now();
      const { probes, stamp } = await listRows(this.#client, drillId, range, { deadlineMs });
      this.#options.onRead?.(begunMs, stamp?.term ?? 0);
      const probe = probes.find(({ number }) => number === register);
      return { kind: "value", value: probe?.applications ?? null };
    });
    return output?.kind === "value" && typeof output.value !== "string" ? output.value : undefined;
  }

  async #compareAndSet(
    process: number,
    register: number,
    from: number | null,
  ): Promise<number | null | undefined> {
    const { drillId, range } = this.#options;
    const to = (from ?? 0) + 1;
    const input: RegistersInput = { kind: "cas", register: nameOf(register), from, to };
    const value = { drillId, number: range.fromNumber + register, expectedApplications: from ?? 0 };
    const output = await this.#record(process, input, async () => {
      await this.#client.submit(
        { kind: { $case: "recordProbe", value } },
        { reason: drillId, deadlineMs: DEADLINE_MS },
      );
      return { kind: "written" };
    });
    return output?.kind === "written" ? to : undefined;
  }

  /** The answer, or undefined when there was none. */
  async #record(
    process: number,
    input: RegistersInput,
    act: () => Promise<RegisterOutput>,
  ): Promise<RegisterOutput | undefined> {
    this.#events.push({ type: "invoke", process, atMs: this.#options.now(), input });
    try {
      const output = await act();
      return this.#answered(process, output);
    } catch (error) {
      if (error instanceof OperatorError && error.code === "PROBE_CHANGED") {
        return this.#answered(process, { kind: "mismatch" });
      }
      this.#errors.set(codeOf(error), (this.#errors.get(codeOf(error)) ?? 0) + 1);
      // A failed read has no effect, whatever happened to it.
      const isUnknown = input.kind !== "read" && isOutcomeUnknown(error);
      this.#events.push({ type: isUnknown ? "info" : "fail", process, atMs: this.#options.now() });
      return undefined;
    }
  }

  #answered(process: number, output: RegisterOutput): RegisterOutput {
    this.#events.push({ type: "ok", process, atMs: this.#options.now(), output });
    return output;
  }
}

const nameOf = (register: number): string => `r${register + 1}`;
