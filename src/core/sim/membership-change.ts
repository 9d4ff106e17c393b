// What an administrator might do to the configuration next: any change that the rules allow, chosen by chance.

import type { NodeId } from "../base/ids.ts";
import type { ConfChange, ConfOperation } from "../raft/confchange.ts";
import type { ConfState } from "../raft/message.ts";
import type { Chance } from "./chance.ts";

const VOTERS_MIN = 2;
const NO_CONTEXT = new Uint8Array();

export const LEAVE_JOINT: ConfChange = { transition: "auto", changes: [], context: NO_CONTEXT };

/** Null if nothing can be done now. */
export function drawMembershipChange(
  chance: Chance,
  config: ConfState,
  nodes: readonly NodeId[],
): ConfChange | null {
  const { voters, learners, votersOutgoing } = config;
  if (votersOutgoing.length > 0) return config.autoLeave ? null : LEAVE_JOINT;
  const outsiders = nodes.filter((node) => !voters.includes(node) && !learners.includes(node));
  const operation = (kind: ConfOperation["kind"], node: NodeId): ConfOperation => ({ kind, node });
  const growth = [
    ...outsiders.flatMap((node) => [operation("add-learner", node), operation("add-voter", node)]),
    ...learners.flatMap((node) => [operation("add-voter", node), operation("remove", node)]),
  ];
  const spareVoters = chance.sample(voters, Math.max(voters.length - VOTERS_MIN, 0));
  const shrinkage = spareVoters.map((node) =>
    operation(chance.permille(700) ? "remove" : "add-learner", node),
  );
  const possible = chance.sample([...growth, ...shrinkage], chance.pick([1, 1, 2, 3]));
  const changes = possible.filter(
    (each, at) => possible.findIndex((other) => other.node === each.node) === at,
  );
  if (changes.length === 0) return null;
  const transition = changes.length > 1 ? chance.pick(["auto", "implicit", "explicit"] as const) : "auto";
  return { transition, changes, context: NO_CONTEXT };
}
