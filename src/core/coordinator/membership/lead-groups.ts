// What this replica does as the leader of the groups beside the fleet's own. Their members follow the fleet's
// (ADR-0049, group-step.ts). Leadership leaves a full or a slow disk (ADR-0007) and a wrong state (ADR-0070). As a
// follower it takes over from a leader that was removed. Each change is proposed without waiting; the next look sees
// what became of it.

import type { GroupId, NodeId } from "../../base/ids.ts";
import type { Timers } from "../../base/timers.ts";
import { listMembers } from "../../fleet/query.ts";
import { MemberKind } from "../../wire/gen/fleet/v1/command.ts";
import { activeSuccessor } from "../leadership/best-successor.ts";
import { type DiskReport, healthiestVoter } from "../leadership/slow-disk.ts";
import { single } from "./admission.ts";
import { type FleetMembers, groupStep } from "./group-step.ts";
import type { FleetSight, OpenGroup } from "./open-groups.ts";

// Not a multiple or divisor of an election timeout (replica.ts).
const LOOK_EVERY_MS = 210;
/** In looks: between two attempts to hand one group over, so that leadership does not move in circles. */
const HAND_OVER_LOOKS = 24;

export interface LeadGroupsOptions {
  readonly self: NodeId;
  readonly groups: () => ReadonlyMap<GroupId, OpenGroup>;
  readonly fleet: Pick<FleetSight, "view" | "raft" | "isRestoring" | "configurationIndex">;
  readonly answers: (peer: NodeId) => boolean;
  readonly disk: {
    readonly isFull: boolean;
    readonly isSlow: boolean;
    reports(): ReadonlyMap<NodeId, DiskReport>;
  };
  readonly timers: Timers;
  /** How a group's replicas compare their states (ADR-0070); absent, or undefined = they do not. */
  readonly comparing?: (group: GroupId) => Comparing | undefined;
}

interface Comparing {
  readonly trust: { readonly isFenced: boolean };
  isFit(peer: NodeId): boolean;
}

interface NamedMembers extends FleetMembers {
  readonly names: ReadonlyMap<number, string>;
}

export class LeadGroups {
  readonly #options: LeadGroupsOptions;
  readonly #cancel: () => void;
  /** Groups that need nothing as long as this stays the same. */
  readonly #settled = new Map<GroupId, string>();
  /** When a group was handed over last, in looks. */
  readonly #handedOver = new Map<GroupId, number>();
  /** Replicas that were asked to take a group over from a wrong state, and did not. */
  readonly #tried = new Map<GroupId, Set<NodeId>>();
  #looks = 0;

  constructor(options: LeadGroupsOptions) {
    this.#options = options;
    this.#cancel = options.timers.every(LOOK_EVERY_MS, () => this.#look());
  }

  stop(): void {
    this.#cancel();
  }

  #look(): void {
    const { groups, fleet, disk } = this.#options;
    this.#looks += 1;
    if (fleet.isRestoring()) return;
    const { low, high } = fleet.view().tables.members.digest;
    const members = this.#members();
    const version = `${low}.${high} ${fleet.configurationIndex()}`;
    for (const open of groups().values()) {
      if (open.driver.role !== "leader") this.#takeOver(open, members);
      else {
        this.#follow(open, members, version);
        const comparing = this.#options.comparing?.(open.group);
        if (comparing?.trust.isFenced) this.#leave(open, comparing);
        else if (disk.isFull || disk.isSlow) this.#handOver(open);
      }
    }
  }

  #members(): NamedMembers {
    const { fleet } = this.#options;
    const rows = listMembers(fleet.view());
    const removed = new Set(
      rows.filter(({ wanted }) => wanted === MemberKind.REMOVED).map(({ nodeId }) => nodeId),
    );
    const names = new Map(rows.map(({ nodeId, name }) => [nodeId, name]));
    return { config: fleet.raft.config, isRemoved: (id) => removed.has(id), names };
  }

  #follow({ group, driver }: OpenGroup, fleet: NamedMembers, version: string): void {
    const now = `${version} ${driver.configurationIndex}`;
    if (this.#settled.get(group) === now) return;
    const { self, answers } = this.#options;
    const nameOf = (id: NodeId) => fleet.names.get(id) ?? String(id);
    const raft = driver.status();
    const step = groupStep({ self, config: raft.config, fleet, answers, nameOf });
    switch (step.kind) {
      case "settled":
        this.#settled.set(group, now);
        return;
      case "wait":
        return;
      case "leave": {
        const mayLead = (id: NodeId) => answers(id) && !fleet.isRemoved(id);
        const successor = raft.leadTransferee === 0 ? activeSuccessor(raft, group, mayLead) : null;
        if (successor !== null) driver.transferLeader(successor);
        return;
      }
      case "add-learner":
      case "remove":
        driver.proposeConfChange(single(step.kind, step.node));
    }
  }

  /**
   * A removed leader may not know it: nothing of the fleet's own group reaches it any more. So its followers
   * ask it for leadership.
   */
  #takeOver({ driver }: OpenGroup, { isRemoved }: FleetMembers): void {
    const { self } = this.#options;
    if (driver.leader === 0 || !isRemoved(driver.leader) || isRemoved(self)) return;
    if (driver.status().config.voters.includes(self)) driver.transferLeader(self);
  }

  /** A group whose leader's state is wrong: one candidate after another, because a successor may be unfit, too. */
  #leave({ group, driver }: OpenGroup, { isFit }: Comparing): void {
    const raft = driver.status();
    if (raft.leadTransferee !== 0) return;
    const tried = this.#tried.get(group) ?? new Set();
    const successor = activeSuccessor(raft, group, (peer) => isFit(peer) && !tried.has(peer));
    this.#tried.set(group, successor === null ? new Set() : tried.add(successor));
    if (successor !== null) driver.transferLeader(successor);
  }

  /** A group whose leader can't write, or writes slowly. */
  #handOver({ group, driver }: OpenGroup): void {
    const { disk } = this.#options;
    const raft = driver.status();
    const last = this.#handedOver.get(group) ?? Number.NEGATIVE_INFINITY;
    if (raft.leadTransferee !== 0 || this.#looks - last < HAND_OVER_LOOKS) return;
    const reports = disk.reports();
    const isFit = (id: NodeId) => reports.get(id)?.full !== true;
    const successor = disk.isFull ? activeSuccessor(raft, group, isFit) : healthiestVoter(raft, reports);
    if (successor === null) return;
    this.#handedOver.set(group, this.#looks);
    driver.transferLeader(successor);
  }
}
