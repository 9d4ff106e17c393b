// The groups beside the fleet's own whose replicas compare their states (ADR-0070). Each has a trust of its own: a
// replica with a wrong key space serves the fleet as before. What must stay true: a fence of one group is marked in a
// file of its own, and only another data folder ends it.

import type { GroupId, LogIndex, NodeId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Timers } from "../../base/timers.ts";
import type { StateCheck } from "../../wire/gen/fleet/v1/raft.ts";
import type { KeysMachine } from "../group/keys-machine.ts";
import { type ComparedStates, type CompareStatesOptions, compareStates } from "./compare-states.ts";
import { isOnlyVoter, keysChangedInMemory } from "./only-voter.ts";
import { passOverKeys } from "./pass-over-keys.ts";
import { startTrust } from "./start-trust.ts";
import type { StateTrust } from "./state-trust.ts";

export interface ComparedGroupsOptions
  extends Pick<CompareStatesOptions, "self" | "hears" | "nameOf" | "errors"> {
  readonly dataDirectory: string;
  readonly send: (peer: NodeId, check: StateCheck, group: GroupId) => void;
  readonly timers: Timers;
  readonly log: Log;
  readonly onFatal: (error: unknown) => void;
}

export interface ComparedGroup {
  readonly trust: StateTrust;
  /** Whether there is no known problem with the peer's state, so that it may lead. */
  isFit(peer: NodeId): boolean;
  /** Whether a snapshot may be sent. */
  maySend(to: NodeId, index: LogIndex): boolean;
  /** Whether this replica's state at the index may be stored. */
  mayKeep(index: LogIndex): boolean;
}

interface Compared extends ComparedGroup {
  states: ComparedStates | null;
}

export class ComparedGroups {
  readonly #options: ComparedGroupsOptions;
  readonly #groups = new Map<GroupId, Compared>();

  constructor(options: ComparedGroupsOptions) {
    this.#options = options;
  }

  /** To be called before the group has a driver. Nothing is compared, kept or sent before `start`. */
  open(group: GroupId): ComparedGroup {
    const { dataDirectory, log } = this.#options;
    const compared: Compared = {
      trust: startTrust(dataDirectory, log, group),
      states: null,
      isFit: (peer) => compared.states?.checks.isFit(peer) ?? true,
      maySend: (to, index) => compared.states?.checks.maySend(to, index) ?? false,
      mayKeep: (index) => compared.states?.checks.mayKeep(index) ?? false,
    };
    this.#groups.set(group, compared);
    return compared;
  }

  start(group: GroupId, driver: CompareStatesOptions["driver"], machine: KeysMachine): void {
    const { send, self, onFatal } = this.#options;
    const compared = this.#groups.get(group);
    if (compared === undefined) return;
    compared.states = compareStates({
      ...this.#options,
      ...{ driver, machine, trust: compared.trust, about: { group } },
      pass: () => passOverKeys(machine),
      // Its next start reads its own sound snapshot and log, which a fence would end for ever.
      stopInstead: ({ detail }) => {
        if (!isOnlyVoter(self, driver.status().config)) return false;
        onFatal(keysChangedInMemory(detail));
        return true;
      },
      send: (peer, check) => send(peer, check, group),
    });
    // Waiting calls would be answered from a wrong state.
    compared.trust.onChange(() => {
      if (compared.trust.isFenced) driver.refuseWaiting();
    });
  }

  /** Undefined: the group's states are not compared. */
  of(group: GroupId): ComparedGroup | undefined {
    return this.#groups.get(group);
  }

  heard(group: GroupId, from: NodeId, check: StateCheck): void {
    this.#groups.get(group)?.states?.checks.heard(from, check);
  }

  /** By an operator's order. */
  fenceAll(detail: string): void {
    for (const { trust, states } of this.#groups.values()) {
      if (states !== null) trust.fence({ ...states.now(), expected: "", cause: "operator", detail });
    }
  }

  stop(): void {
    for (const { states } of this.#groups.values()) states?.stop();
  }
}
