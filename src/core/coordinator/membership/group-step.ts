// How a group beside the fleet's own follows the fleet's members (ADR-0049): the next change that its leader
// makes. Pure. What must stay true: one change at a time. A member that the fleet still wants is never removed.
// A removal never leaves fewer answering voters than the remaining quorum. Promotion is not here: a learner asks
// for its vote, because only it knows whether it keeps its promises (admission.ts).

import { assert } from "../../base/assert.ts";
import type { NodeId } from "../../base/ids.ts";
import type { ConfState } from "../../raft/message.ts";
import { removalProblem } from "./removal.ts";

/** The fleet's members, as this replica has applied the log of the fleet's own group. */
export interface FleetMembers {
  /** The configuration of the fleet's own group. */
  readonly config: ConfState;
  /** Whether the member was removed for good: its number is never used again. */
  readonly isRemoved: (id: NodeId) => boolean;
}

export interface GroupSight {
  readonly self: NodeId;
  /** Of the group. */
  readonly config: ConfState;
  readonly fleet: FleetMembers;
  /** Whether the member's process answers this leader; it does itself. */
  readonly answers: (id: NodeId) => boolean;
  readonly nameOf: (id: NodeId) => string;
}

export type GroupStep =
  /** The group has the fleet's members. */
  | { readonly kind: "settled" }
  | { readonly kind: "wait"; readonly why: string }
  | { readonly kind: "add-learner" | "remove"; readonly node: NodeId }
  /** This leader is no member of the fleet any more: another voter must lead. */
  | { readonly kind: "leave" };

export function groupStep(sight: GroupSight): GroupStep {
  const { self, config, fleet } = sight;
  if (config.votersOutgoing.length > 0) return wait("a change of its configuration is under way");
  const members = membersOf(config);
  const leaving = members.filter(fleet.isRemoved);
  if (leaving.includes(self)) return { kind: "leave" };
  const learner = leaving.find((id) => !config.voters.includes(id));
  if (learner !== undefined) return { kind: "remove", node: learner };
  const missing = membersOf(fleet.config).find((id) => !members.includes(id) && !fleet.isRemoved(id));
  if (missing !== undefined) return { kind: "add-learner", node: missing };
  const [leaver] = leaving;
  if (leaver !== undefined) return removal(sight, leaver);
  const newcomer = promised(sight)[0];
  return newcomer === undefined
    ? { kind: "settled" }
    : wait(`${sight.nameOf(newcomer)} does not vote in it yet`);
}

/** A voter that answers keeps its vote until a newcomer that answers has one: so the number of voters does not shrink. */
function removal(sight: GroupSight, leaver: NodeId): GroupStep {
  const { config, answers, nameOf } = sight;
  const newcomer = answers(leaver) ? promised(sight).find(answers) : undefined;
  if (newcomer !== undefined) {
    return wait(`${nameOf(leaver)} leaves once ${nameOf(newcomer)} votes`);
  }
  const answering = new Set(config.voters.filter((id) => id === sight.self || answers(id)));
  const problem = removalProblem({ voters: config.voters, answering, nameOf }, leaver);
  if (problem !== null) return wait(problem);
  const remaining = config.voters.filter((id) => id !== leaver);
  const up = remaining.filter((id) => answering.has(id));
  assert(up.length * 2 > remaining.length, "a removal leaves a quorum that answers");
  assert(sight.fleet.isRemoved(leaver), "a member that the fleet wants is not removed");
  return { kind: "remove", node: leaver };
}

/** Voters of the fleet that do not vote in the group yet. */
function promised({ config, fleet }: GroupSight): readonly NodeId[] {
  return fleet.config.voters.filter((id) => !config.voters.includes(id) && !fleet.isRemoved(id));
}

export function membersOf({ voters, votersOutgoing, learners, learnersNext }: ConfState): readonly NodeId[] {
  return [...new Set([...voters, ...votersOutgoing, ...learners, ...learnersNext])];
}

const wait = (why: string): GroupStep => ({ kind: "wait", why });
