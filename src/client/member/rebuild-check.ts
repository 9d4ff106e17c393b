// Whether a member can get a new copy of the state now: pure. Its disk will be empty. So the others must be able to
// remove it from the configuration and add it again (ADR-0002). One of them must have a trusted state.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { Admission } from "../../core/wire/gen/fleet/v1/views.ts";
import type { FleetStatus, NodeObservation } from "../fleet-status.ts";

export interface Rebuildable {
  readonly node: NodeObservation;
  /** Null: for a moment it is not a member. */
  readonly nodeId: number | null;
  /** It has an empty folder already, and is being readmitted. */
  readonly isUnderWay: boolean;
}

/** Throws an OperatorError that says why it can't be rebuilt. */
export function requireRebuildable(fleet: FleetStatus, name: string): Rebuildable {
  const { members, nodes } = membersOf(fleet);
  const member = members.find((candidate) => candidate.name === name);
  const node = nodes.find((candidate) => candidate.name === name || candidate.address === member?.address);
  // During its readmission it is not a member for a moment.
  const isUnderWay =
    node?.status?.admission === Admission.WAITING || node?.status?.admission === Admission.REJOINING;
  if (node === undefined || (member === undefined && !isUnderWay))
    throw unknown(
      name,
      members.map((each) => each.name),
    );
  const nodeId = member?.nodeId ?? null;
  if (isUnderWay || member === undefined || member.learner) return { node, nodeId, isUnderWay };
  const voters = members.filter(({ learner }) => !learner);
  const others = voters.filter((voter) => voter.nodeId !== member.nodeId);
  const up = others.filter((voter) => holdsLog(nodes.find(({ nodeId }) => nodeId === voter.nodeId)));
  const quorum = Math.floor(voters.length / 2) + 1;
  if (up.length < quorum)
    throw tooFew(
      name,
      voters.length,
      quorum,
      up.map((each) => each.name),
    );
  return { node, nodeId, isUnderWay };
}

/**
 * The leader with a trusted state, unless it is `name` itself. Null if no leader is elected yet, or if no other node
 * has a trusted state of the keys.
 */
export function trustedLeader(fleet: FleetStatus, name: string): NodeObservation | null {
  const leader = fleet.nodes.find(({ nodeId }) => nodeId !== null && nodeId === fleet.leader);
  const isTrusted = leader?.status != null && leader.status.stateDoubt === undefined;
  return leader !== undefined && isTrusted && leader.name !== name && areKeysElsewhere(fleet, name)
    ? leader
    : null;
}

/** Whether another node than `name` has a trusted copy of the keys; true when no node has keys. */
function areKeysElsewhere({ nodes }: FleetStatus, name: string): boolean {
  const withKeys = nodes.filter(({ status }) => status?.keySpace !== undefined);
  const isCopy = (node: NodeObservation) =>
    node.name !== name && node.status?.keySpace?.stateDoubt === undefined;
  return withKeys.length === 0 || withKeys.some(isCopy);
}

/** Whether the node has returned with a trusted state of its own. */
export function isRebuilt({ status }: NodeObservation): boolean {
  return (
    status !== null &&
    status.admission === Admission.MEMBER &&
    status.stateDoubt === undefined &&
    status.keySpace?.stateDoubt === undefined &&
    status.leaderId !== 0
  );
}

// The leader's list; during a dispute there is a leader, too.
function membersOf({ nodes, leader }: FleetStatus) {
  const witness = nodes.find(({ nodeId, status }) => status !== null && nodeId === leader);
  if (witness?.status == null) throw noLeader();
  return { members: witness.status.members, nodes };
}

// A fenced node stores the log and votes like any other.
function holdsLog(node: NodeObservation | undefined): boolean {
  return node?.status?.admission === Admission.MEMBER;
}

function noLeader(): OperatorError {
  return new OperatorError("NO_QUORUM", {
    what: "no node leads a quorum, so the node has no leader to take a new copy from",
    next: "see which nodes are up: fleet status",
    exit: Exit.NoQuorum,
  });
}

function unknown(name: string, names: readonly string[]): OperatorError {
  return new OperatorError("MEMBER_UNKNOWN", {
    what: `there is no member ${name}`,
    why: `the members are ${names.join(", ")}`,
    next: "choose one of these",
    exit: Exit.NotFound,
  });
}

function tooFew(name: string, voters: number, quorum: number, up: readonly string[]): OperatorError {
  const have = up.length === 0 ? "none is" : `only ${up.join(", ")} ${up.length === 1 ? "is" : "are"}`;
  return new OperatorError("QUORUM_WOULD_BE_LOST", {
    what: `${name} can't be rebuilt now: ${quorum} of ${voters} voters must be up without it, and ${have}`,
    why: "with an empty disk it neither votes nor stores entries until the others have readmitted it",
    next: "start the nodes that are down, or add a member first: fleet member add",
    exit: Exit.Precondition,
  });
}
