// Shows other terminals that the runner is alive, and notices what they want: a pause, an abort, or to run the
// plan themselves. What must stay true: a failing fleet never ends the run here; its steps decide that.

import { OperatorError } from "../../../core/base/errors.ts";
import type { WaitClock } from "../../../core/base/wait-clock.ts";
import { type Plan, PlanState } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { PlanJournal } from "./journal.ts";
import { isTransient } from "./transient.ts";

export const RENEW_EVERY_MS = 3_000;
const LOOK_EVERY_MS = 1_000;

interface RunEnd {
  readonly kind: "paused" | "aborted" | "replaced";
  readonly why: string;
}

/** Refusals that mean that this process no longer runs the plan. */
const REPLACED: ReadonlySet<string> = new Set(["PLAN_FENCED", "PLAN_UNKNOWN"]);

export class RunnerHeartbeat {
  readonly #journal: PlanJournal;
  readonly #clock: WaitClock;
  readonly #onRow: (row: Plan) => void;
  #end: RunEnd | null = null;
  #lookAtMs = 0;
  #renewAtMs = 0;

  constructor(journal: PlanJournal, clock: WaitClock, onRow: (row: Plan) => void) {
    this.#journal = journal;
    this.#clock = clock;
    this.#onRow = onRow;
  }

  /** Why the run ends; null = it continues. */
  get end(): RunEnd | null {
    return this.#end;
  }

  async beat(): Promise<void> {
    const nowMs = this.#clock.now();
    try {
      if (nowMs >= this.#renewAtMs) {
        this.#renewAtMs = nowMs + RENEW_EVERY_MS;
        await this.#journal.renew();
      }
      if (nowMs >= this.#lookAtMs) {
        this.#lookAtMs = nowMs + LOOK_EVERY_MS;
        this.#see(await this.#journal.row());
      }
    } catch (error) {
      if (!this.refused(error) && !isTransient(error)) throw error;
    }
  }

  /** Beats until the work has ended, however long it takes. */
  async during<Value>(work: Promise<Value>): Promise<Value> {
    let isOver = false;
    const over = work.then(
      () => {
        isOver = true;
      },
      () => {
        isOver = true;
      },
    );
    for (;;) {
      const waiting = new AbortController();
      await Promise.race([over, this.#clock.sleep(LOOK_EVERY_MS, waiting.signal)]);
      waiting.abort();
      if (isOver) return await work;
      await this.beat();
    }
  }

  /** Whether the refusal ends the run. */
  refused(error: unknown): boolean {
    if (!(error instanceof OperatorError)) return false;
    if (REPLACED.has(error.code)) this.#end ??= { kind: "replaced", why: error.parts.what };
    else if (error.code === "PLAN_ENDED") this.#end ??= { kind: "aborted", why: error.parts.what };
    else if (error.code === "PLAN_PAUSED")
      this.#end ??= { kind: "paused", why: "another terminal paused it" };
    else return false;
    return true;
  }

  #see(row: Plan): void {
    this.#onRow(row);
    if (row.fence !== this.#journal.fence) {
      this.#end ??= { kind: "replaced", why: `plan ${row.planId} has another runner now: ${row.runner}` };
    } else if (row.state === PlanState.PAUSED) {
      this.#end ??= { kind: "paused", why: "another terminal paused it" };
    } else if (row.state === PlanState.ABORTED) {
      this.#end ??= { kind: "aborted", why: "another terminal aborted it" };
    }
  }
}
