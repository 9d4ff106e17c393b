// The fleet's state machine with a checker looking on.

import type { LogIndex, NodeId } from "../base/ids.ts";
import type { FleetMachine } from "../coordinator/group/fleet-machine.ts";
import type { Machine, Restoring } from "../coordinator/group/machine.ts";
import { Slices } from "../coordinator/group/slices.ts";
import type { Slicing } from "../fleet/slices.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { Checker } from "./checker.ts";

export class WatchedMachine implements Machine<Outcome> {
  readonly #node: NodeId;
  readonly #machine: FleetMachine;
  readonly #checker: Checker;
  /** Done with the next entry, as a bug of `apply` would. */
  beforeNext: (() => void) | null = null;

  constructor(node: NodeId, machine: FleetMachine, checker: Checker) {
    this.#node = node;
    this.#machine = machine;
    this.#checker = checker;
  }

  knows(data: Uint8Array): boolean {
    return this.#machine.knows(data);
  }

  apply(index: LogIndex, data: Uint8Array): Outcome | null | Slices<Outcome> {
    const { beforeNext } = this;
    this.beforeNext = null;
    beforeNext?.();
    const applied = this.#machine.apply(index, data);
    if (applied instanceof Slices) return new Slices(this.#watched(index, data, applied));
    this.#applied(index, data, applied);
    return applied;
  }

  *#watched(index: LogIndex, data: Uint8Array, slices: Slices<Outcome>): Slicing<Outcome | null> {
    for (slices.step(); !slices.isWhole; slices.step()) yield;
    this.#applied(index, data, slices.result);
    return slices.result;
  }

  #applied(index: LogIndex, data: Uint8Array, outcome: Outcome | null): void {
    this.#checker.applies(this.#node, index, data, outcome, this.#machine.view);
  }

  restore(index: LogIndex): Restoring {
    const restoring = this.#machine.restore(index);
    return {
      add: (part) => restoring.add(part),
      finish: () => {
        restoring.finish();
        this.#checker.restores(this.#node, index, this.#machine.view);
      },
    };
  }

  check(index: LogIndex): Restoring {
    return this.#machine.check(index);
  }

  capture(): () => AsyncIterable<Uint8Array> {
    return this.#machine.capture();
  }
}
