// A coordinator's comparison of its state with the others' (ADR-0017): the checks and the passes over memory,
// with their clock and their log lines.

import type { GroupId, NodeId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Timers } from "../../base/timers.ts";
import type { InternalErrors } from "../../wire/server/internal-errors.ts";
import type { GroupPort } from "../group/group-port.ts";
import { checkMemory, type MemoryCheckOptions } from "./memory-check.ts";
import { CHECK_EVERY_MS, StateChecks, type StateChecksOptions } from "./state-checks.ts";
import type { StateTrust } from "./state-trust.ts";

type ComparedMachine = MemoryCheckOptions["machine"] & {
  readonly view: ReturnType<StateChecksOptions["now"]>;
  hashAt(index: number): string | null;
  onApplied(listener: () => void): () => void;
};

export interface CompareStatesOptions extends Pick<StateChecksOptions, "hears" | "send" | "nameOf"> {
  readonly self: NodeId;
  readonly trust: StateTrust;
  readonly driver: StateChecksOptions["driver"] & Pick<GroupPort<unknown>, "refuseWaiting">;
  readonly machine: ComparedMachine;
  readonly pass: MemoryCheckOptions["pass"];
  readonly stopInstead?: MemoryCheckOptions["stopInstead"];
  /** What its log lines say of the group; absent = it is the fleet's own. */
  readonly about?: { readonly group: GroupId };
  readonly timers: Timers;
  readonly errors: Pick<InternalErrors, "guard">;
  readonly log: Log;
}

export interface ComparedStates {
  readonly checks: StateChecks;
  /** The present state's index and digest. */
  now(): { readonly index: number; readonly digest: string };
  stop(): void;
}

export function compareStates(options: CompareStatesOptions): ComparedStates {
  const { machine, trust, timers, errors, log, nameOf, about, pass, stopInstead } = options;
  const checks = new StateChecks({
    ...options,
    digestAt: (index) => machine.hashAt(index),
    now: () => machine.view,
    onUnconfirmed: (index, silent) =>
      log.warn("a snapshot is kept though no checkpoint has confirmed its state: too few voters answer", {
        ...{ ...about, index, silent: silent.map(nameOf) },
        next: "see which nodes are down or older: fleet status -o wide",
      }),
  });
  // A comparison that fails confirms nothing, and without that no snapshot is kept or sent.
  const stopListening = machine.onApplied(errors.guard("a comparison of states", () => checks.applied()));
  const stopTicking = timers.every(CHECK_EVERY_MS, () => checks.tick());
  const stopPasses = checkMemory({ machine, pass, trust, timers, stopInstead });
  return {
    checks,
    now: () => ({ index: machine.view.appliedIndex, digest: machine.view.hash() }),
    stop: () => {
      stopPasses();
      stopTicking();
      stopListening();
    },
  };
}
