// The next change of the configuration by an administrator: one of those that the rules allow, chosen by chance.

import type { NodeId } from "../base/ids.ts";
import type { ConfChange, ConfOperation } from "../raft/confchange.ts";
import type { ConfState } from "../raft/message.ts";
import type { Chance } from "./chance.ts";

const VOTERS_MIN = 2;
const NO_CONTEXT = new Uint8Array();

export const LEAVE_JOINT: ConfChange = { transition: "auto", changes: [], context: NO_CONTEXT };

export interface MembershipView {
  readonly config: ConfState;
  /** All nodes there are, members or not. */
  readonly nodes: readonly NodeId[];
  readonly leader: NodeId;
}

/** Null if nothing can be done now. */
export function drawMembershipChange(chance: Chance, view: MembershipView): ConfChange | null {
  const { votersOutgoing, autoLeave } = view.config;
  if (votersOutgoing.length > 0) return autoLeave ? null : LEAVE_JOINT;
  const changes = chance.permille(300) ? replacement(chance, view) : mixture(chance, view);
  if (changes.length === 0) return null;
  const joint = ["auto", "implicit", "explicit", "explicit"] as const;
  return { transition: changes.length > 1 ? chance.pick(joint) : "auto", changes, context: NO_CONTEXT };
}

/** All outsiders are added, and as many followers removed. */
function replacement(chance: Chance, { config, nodes, leader }: MembershipView): ConfOperation[] {
  const outsiders = nodes.filter((node) => !config.voters.includes(node));
  const followers = config.voters.filter((node) => node !== leader);
  const leaving = chance.sample(followers, outsiders.length);
  return [
    ...outsiders.map((node) => ({ kind: "add-voter" as const, node })),
    ...leaving.map((node) => ({ kind: "remove" as const, node })),
  ];
}

function mixture(chance: Chance, { config: { voters, learners }, nodes }: MembershipView): ConfOperation[] {
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
  const possible = chance.sample([...growth, ...shrinkage], chance.pick([1, 1, 2, 3, 4]));
  return possible.filter((each, at) => possible.findIndex((other) => other.node === each.node) === at);
}
