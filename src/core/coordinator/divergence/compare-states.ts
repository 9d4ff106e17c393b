// A coordinator's comparison of its state with the others' (ADR-0017): the checks and the passes over memory,
// with their clock and their log lines.

import type { NodeId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Timers } from "../../base/timers.ts";
import type { Outcome } from "../../wire/gen/fleet/v1/command.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import type { GroupPort } from "../group/group-port.ts";
import { checkMemory } from "./memory-check.ts";
import { CHECK_EVERY_MS, StateChecks, type StateChecksOptions } from "./state-checks.ts";
import type { StateTrust } from "./state-trust.ts";

export interface CompareStatesOptions extends Pick<StateChecksOptions, "hears" | "send" | "nameOf"> {
  readonly self: NodeId;
  readonly trust: StateTrust;
  readonly driver: GroupPort<Outcome>;
  readonly machine: FleetMachine;
  readonly timers: Timers;
  readonly log: Log;
}

export interface ComparedStates {
  readonly checks: StateChecks;
  stop(): void;
}

export function compareStates(options: CompareStatesOptions): ComparedStates {
  const { machine, trust, timers, log, nameOf } = options;
  const checks = new StateChecks({
    ...options,
    digestAt: (index) => machine.hashAt(index),
    now: () => machine.view,
    onUnconfirmed: (index, silent) =>
      log.warn("a snapshot is kept though no checkpoint has confirmed its state: too few voters answer", {
        ...{ index, silent: silent.map(nameOf) },
        next: "see which nodes are down or older: fleet status -o wide",
      }),
  });
  const stopListening = machine.onApplied(() => checks.applied());
  const stopTicking = timers.every(CHECK_EVERY_MS, () => checks.tick());
  const stopPasses = checkMemory({ machine, trust, timers });
  return {
    checks,
    stop: () => {
      stopPasses();
      stopTicking();
      stopListening();
    },
  };
}
