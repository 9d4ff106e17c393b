// The fleet's state machine with a checker looking on.

import type { LogIndex, NodeId } from "../base/ids.ts";
import type { FleetMachine } from "../coordinator/fleet-machine.ts";
import type { Machine } from "../coordinator/machine.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { Checker } from "./checker.ts";

export class WatchedMachine implements Machine<Outcome> {
  readonly #node: NodeId;
  readonly #machine: FleetMachine;
  readonly #checker: Checker;

  constructor(node: NodeId, machine: FleetMachine, checker: Checker) {
    this.#node = node;
    this.#machine = machine;
    this.#checker = checker;
  }

  apply(index: LogIndex, data: Uint8Array): Outcome | null {
    const outcome = this.#machine.apply(index, data);
    this.#checker.applies(this.#node, index, data, outcome, this.#machine.view.hash());
    return outcome;
  }

  restore(index: LogIndex, data: Uint8Array): void {
    this.#machine.restore(index, data);
    this.#checker.restores(this.#node, index, this.#machine.view);
  }

  capture(): () => AsyncIterable<Uint8Array> {
    return this.#machine.capture();
  }
}
