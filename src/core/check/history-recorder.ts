// Turns the events of sequential processes, in the order in which they happened, into a history. What must
// stay true: a process has at most one pending operation, and every event has its own place in the order.

import { present } from "../base/assert.ts";
import type { History, Operation } from "./history.ts";

export class HistoryRecorder<Input, Output> {
  readonly #operations = new Map<number, Operation<Input, Output>>();
  /** The call of each process's pending operation. */
  readonly #open = new Map<number, number>();
  #place = 0;

  /** A process that invokes again without a return has given up its pending operation. */
  invoke(process: number, input: Input): void {
    const call = this.#nextPlace();
    this.#operations.set(call, { process, call, input, completion: null });
    this.#open.set(process, call);
  }

  complete(process: number, output: Output): void {
    const operation = this.#take(process);
    this.#operations.set(operation.call, { ...operation, completion: { at: this.#nextPlace(), output } });
  }

  /** The process will never learn the outcome: its operation stays open. */
  giveUp(process: number): void {
    this.#take(process);
  }

  /** The operation certainly had no effect that matters: it is removed from the history. */
  withdraw(process: number): void {
    this.#operations.delete(this.#take(process).call);
  }

  /** The pending operation of `process`. */
  pending(process: number): Operation<Input, Output> | undefined {
    const call = this.#open.get(process);
    return call === undefined ? undefined : this.#operations.get(call);
  }

  /** In order of the calls. */
  history(): History<Input, Output> {
    return [...this.#operations.values()];
  }

  #take(process: number): Operation<Input, Output> {
    const operation = present(this.pending(process), `process ${process} has an operation under way`);
    this.#open.delete(process);
    return operation;
  }

  #nextPlace(): number {
    this.#place += 1;
    return this.#place;
  }
}
