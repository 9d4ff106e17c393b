// How a simulated process compares its state with the others': by the coordinator's own checks, whose questions and answers
// go through the virtual network. Only in runs with flips. What must stay true: a fence that is durable outlives the process.

import type { Clock } from "../base/clock.ts";
import type { LogIndex, NodeId } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import type { Timers } from "../base/timers.ts";
import { LastResort } from "../coordinator/divergence/last-resort.ts";
import { StateChecks } from "../coordinator/divergence/state-checks.ts";
import { type Divergence, StateTrust } from "../coordinator/divergence/state-trust.ts";
import type { FleetMachine } from "../coordinator/group/fleet-machine.ts";
import type { GroupDriver } from "../coordinator/group/group-driver.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { StateCheck } from "../wire/gen/fleet/v1/raft.ts";
import { NoPromiseLeft } from "./violation.ts";
import type { World } from "./world.ts";

/** More often than in production: runs are short. */
const CHECK_EVERY_MS = 500;

/** What the disk remembers of a fence. */
export interface FenceMark {
  found: Divergence | null;
}

export interface StateComparingOptions {
  readonly world: World;
  readonly node: NodeId;
  readonly clock: Clock;
  readonly electionMs: number;
  readonly mark: FenceMark;
  /** Resolves when something small is on the disk. */
  readonly onDisk: () => Promise<void>;
  readonly onFinding: (finding: unknown) => void;
}

export interface ComparedParts {
  readonly driver: GroupDriver<Outcome>;
  readonly machine: FleetMachine;
  readonly hears: (peer: NodeId) => boolean;
  readonly timers: Timers;
}

export class StateComparing {
  readonly trust: StateTrust;
  readonly lastResort: LastResort;
  readonly #options: StateComparingOptions;
  #checks: StateChecks | null = null;

  constructor(options: StateComparingOptions) {
    const { world, node, clock, electionMs, mark, onDisk, onFinding } = options;
    this.#options = options;
    this.trust = new StateTrust({
      found: mark.found,
      mark: async (divergence) => {
        await onDisk();
        mark.found = divergence;
      },
      log: silentLog,
      now: clock.wallMs,
    });
    this.lastResort = new LastResort({ trust: this.trust, electionMs, now: clock.monotonicMs });
    world.checker.flips.started(node, mark.found !== null);
    this.trust.onChange(() => {
      const { now } = this.trust;
      world.trace.note(`n${node} is ${now.kind}`);
      if (now.kind !== "diverged") return;
      try {
        world.checker.fences(node, now);
      } catch (finding) {
        onFinding(finding);
      }
    });
  }

  /** What a driver asks. */
  readonly rules = {
    maySend: (to: NodeId, snapshot: LogIndex) => this.#checks?.maySend(to, snapshot) ?? false,
    mayKeep: (index: LogIndex) => this.#checks?.mayKeep(index) ?? false,
  };

  isFit(peer: NodeId): boolean {
    return this.#checks?.isFit(peer) ?? true;
  }

  heard(from: NodeId, check: StateCheck): void {
    this.#checks?.heard(from, check);
  }

  start({ driver, machine, hears, timers }: ComparedParts): void {
    const { world, node, onFinding } = this.#options;
    const checks = new StateChecks({
      ...{ self: node, trust: this.trust, driver, hears, log: silentLog },
      nameOf: (id) => `n${id}`,
      digestAt: (index) => machine.hashAt(index),
      now: () => machine.view,
      send: (to, check) => world.network.deliver(node, to, (port) => port.heardCheck(node, check)),
      // No voter was left that could contradict, and the state is wrong: then it is passed on (ADR-0017).
      onUnconfirmed: () => {
        if (world.checker.flips.isWrong(node)) onFinding(new NoPromiseLeft("a wrong state has no witness"));
      },
    });
    this.#checks = checks;
    machine.onApplied(() => checks.applied());
    timers.every(CHECK_EVERY_MS, () => checks.tick());
  }
}
