// Makes the changes that the dashboard's state asks for, outside React: the dry run of a proposal, then the change
// itself. What must stay true: the screen never waits for them, and at most one change is made at a time. A change that
// runs when the dashboard ends is cancelled, and the dashboard waits for that.

import { OperatorError } from "../core/base/errors.ts";
import type { Change, ChangeCheck, ChangeDialog, ChangeNews, ChangeOutcome } from "./model/top/change.ts";
import type { TopEvent, TopState } from "./model/top/state.ts";

/** Throw an OperatorError for what was foreseen. */
export interface ChangeExecutor {
  readonly check: (change: Change, signal: AbortSignal) => Promise<ChangeCheck>;
  readonly perform: (
    change: Change,
    notify: (line: string) => void,
    signal: AbortSignal,
  ) => Promise<ChangeOutcome>;
}

interface Work {
  readonly id: number;
  readonly stage: "checking" | "running";
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

interface OperatedStore {
  readonly snapshot: () => TopState;
  readonly dispatch: (event: TopEvent) => void;
}

export class TopOperator {
  readonly #store: OperatedStore;
  readonly #executor: ChangeExecutor;
  readonly #broken = Promise.withResolvers<never>();
  #work: Work | null = null;

  constructor(store: OperatedStore, executor: ChangeExecutor) {
    this.#store = store;
    this.#executor = executor;
    // It may reject after its last waiter has left.
    this.#broken.promise.catch(() => undefined);
  }

  /** Rejects for a bug in a change; never resolves. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  /** To be called after every action. */
  act(): void {
    const { change: dialog } = this.#store.snapshot();
    const work = this.#work;
    if (work !== null && (dialog?.id !== work.id || dialog.stage === "stopping")) work.stop.abort();
    if (dialog === null || (dialog.stage !== "checking" && dialog.stage !== "running")) return;
    if (work?.id === dialog.id && work.stage === dialog.stage) return;
    this.#begin(dialog, dialog.stage);
  }

  /** Cancels what is under way, and waits until it is in order. Whether there was anything. */
  async settle(): Promise<boolean> {
    const work = this.#work;
    if (work === null) return false;
    work.stop.abort();
    await work.ended;
    return work.stage === "running";
  }

  /** What is being made now; null: nothing. */
  get underWay(): Change | null {
    const { change } = this.#store.snapshot();
    return this.#work?.stage === "running" && change !== null ? change.change : null;
  }

  #begin({ id, change }: ChangeDialog, stage: Work["stage"]): void {
    const stop = new AbortController();
    const notify = (news: ChangeNews): void => this.#store.dispatch({ kind: "change", id, news });
    const doing =
      stage === "checking" ? this.#check(change, stop.signal) : this.#perform(change, notify, stop.signal);
    const ended = doing
      .catch((error: unknown): ChangeNews => ({ kind: "ended", isDone: false, lines: failureLines(error) }))
      .then((news) => {
        if (this.#work?.stop === stop) this.#work = null;
        notify(news);
      })
      .catch((error: unknown) => this.#broken.reject(error));
    this.#work = { id, stage, stop, ended };
  }

  async #check(change: Change, signal: AbortSignal): Promise<ChangeNews> {
    const { finding, lines } = await this.#executor.check(change, signal);
    if (finding === "ask") return { kind: "checked", lines };
    return { kind: "ended", isDone: finding === "nothing", lines };
  }

  async #perform(
    change: Change,
    notify: (news: ChangeNews) => void,
    signal: AbortSignal,
  ): Promise<ChangeNews> {
    const outcome = await this.#executor.perform(
      change,
      (line) => notify({ kind: "progress", line }),
      signal,
    );
    return { kind: "ended", ...outcome };
  }
}

/** Throws what nothing foresaw. */
function failureLines(error: unknown): readonly string[] {
  if (!(error instanceof OperatorError)) throw error;
  const { what, why, next } = error.parts;
  return [`FLEET_E_${error.code}: ${what}`, ...(why ? [why] : []), ...(next ? [`next: ${next}`] : [])];
}
