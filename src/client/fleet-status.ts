// Joins all nodes' statuses: who leads, whether they agree, which lag, whether their states are equal at an
// index that all have passed. Pure; fleet-client.ts asks the nodes.

import { isDataPlaneSound } from "../core/wire/data-plane-health.ts";
import type { DataPlane, NodeStatus } from "../core/wire/gen/fleet/v1/coordinator.ts";
import { Admission } from "../core/wire/gen/fleet/v1/views.ts";
import { daysLeft, endsSoon } from "../core/wire/tls/certificate-age.ts";
import { isFragile, type Tolerance, toleranceOf } from "./fault-tolerance.ts";
import { type FleetVersion, fleetVersion } from "./fleet-version.ts";

export interface NodeObservation {
  readonly name: string;
  readonly nodeId: number | null;
  readonly address: string;
  readonly reachable: boolean;
  readonly error: string | null;
  readonly roundTripMs: number | null;
  readonly status: NodeStatus | null;
  /** When it answered, or failed to answer, in milliseconds since 1970. */
  readonly observedAtMs: number;
  /** The state hash at the index that all nodes were asked about; null when it is not known there. */
  readonly hashAt: string | null;
  /** Entries behind the leader's commit index. */
  readonly lag: number | null;
  /** Whole days until its certificate ends, negative afterwards; null when it did not say. */
  readonly certificateDaysLeft: number | null;
}

export type FleetVerdict = "healthy" | "degraded" | "no-quorum";

export interface FleetStatus {
  readonly clusterName: string;
  readonly nodes: readonly NodeObservation[];
  readonly leader: number | null;
  readonly leaderClaims: readonly { readonly by: string; readonly leaderId: number; readonly term: number }[];
  /** Whether all reachable nodes name the same leader in the same term, or none knows one in whatever term. */
  readonly agreed: boolean;
  readonly hashIndex: number | null;
  /** Null when fewer than two nodes know their hash at the index. */
  readonly hashesAgree: boolean | null;
  readonly verdict: FleetVerdict;
  readonly versions: FleetVersion;
  /** Null without a leader. */
  readonly tolerance: Tolerance | null;
  /** The leader's count; null when it was not asked or did not say. */
  readonly dataPlane: DataPlane | null;
}

/** One node's answer, or the reason why it did not answer. */
export interface Answer {
  readonly name: string;
  readonly address: string;
  readonly roundTripMs: number | null;
  readonly error: string | null;
  readonly status: NodeStatus | null;
  /** In milliseconds since 1970. */
  readonly observedAtMs: number;
}

/** Members that the answers name and that were not asked yet. */
export function unasked(answers: readonly Answer[]): { readonly name: string; readonly address: string }[] {
  const asked = new Set(answers.map((answer) => answer.address));
  const names = leaderMembers(answers) ?? memberNames(statusesOf(answers));
  return [...names].flatMap(([address, name]) => (asked.has(address) ? [] : [{ name, address }]));
}

/**
 * By address, the names in the leader's table of members. Null without a leader: the other tables may be behind, and name
 * members that were removed.
 */
export function leaderMembers(answers: readonly Answer[]): ReadonlyMap<string, string> | null {
  const leader = electedLeader(statusesOf(answers));
  return leader === null ? null : memberNames([leader]);
}

/** The highest index that every reachable node with data has applied; null if no reachable node has data. */
export function commonIndex(answers: readonly Answer[]): number | null {
  // An empty disk has no state to compare.
  const applied = statusesOf(answers).flatMap(({ appliedIndex }) =>
    appliedIndex === 0 ? [] : [appliedIndex],
  );
  return applied.length === 0 ? null : Math.min(...applied);
}

/** `hashes`: by address, the state hash at `hashIndex` of the nodes that know it. */
export function joinAnswers(
  answers: readonly Answer[],
  hashIndex: number | null,
  hashes: ReadonlyMap<string, string>,
  dataPlane: DataPlane | null = null,
): FleetStatus {
  const statuses = statusesOf(answers);
  const leader = electedLeader(statuses);
  const names = memberNames(statuses);
  const known = [...hashes.values()];
  const down = answers.flatMap((answer) => (answer.status === null ? [named(answer, names).name] : []));
  const hashesAgree = known.length < 2 ? null : new Set(known).size === 1;
  const claims = new Set(statuses.map((s) => (s.leaderId === 0 ? "none" : `${s.leaderId}@${s.term}`)));
  const tolerance = leader === null ? null : toleranceOf(leader, statuses);
  const agreed = claims.size === 1;
  const areReplicasWhole = answers.every(isSound) && agreed && hashesAgree !== false;
  const isWhole = areReplicasWhole && !isFragile(tolerance) && isDataPlaneSound(dataPlane);
  return {
    clusterName: statuses[0]?.clusterName ?? "",
    nodes: answers.map((answer) => observation(named(answer, names), leader, hashes)),
    leader: leader?.nodeId ?? null,
    leaderClaims: statuses.map((s) => ({ by: s.nodeName, leaderId: s.leaderId, term: s.term })),
    agreed,
    hashIndex,
    hashesAgree,
    versions: fleetVersion(statuses, leader, down),
    verdict: leader === null ? "no-quorum" : isWhole ? "healthy" : "degraded",
    tolerance,
    dataPlane,
  };
}

/** Whether the node answers, and nothing of itself makes the fleet degraded. */
export function isSound(answer: Answer): boolean {
  const { status } = answer;
  if (status === null) return false;
  const { diskFull, diskSlow, admission, stateDoubt, keySpace } = status;
  const isTrusted = stateDoubt === undefined && keySpace?.stateDoubt === undefined;
  const isFit = !diskFull && !diskSlow && !isOutside(admission) && isTrusted;
  const isAccepted = status.certificateRefusal === "" && status.certificateRevoked === "";
  const isCertified = isAccepted && !endsSoon(daysLeftOf(answer));
  return isFit && isCertified && !exportFails(status);
}

function exportFails({ snapshotExport }: NodeStatus): boolean {
  return snapshotExport !== undefined && (snapshotExport.error !== "" || snapshotExport.overdue);
}

function daysLeftOf({ status, observedAtMs }: Answer): number | null {
  const endsAtMs = status?.certificateEndsAtMs;
  return endsAtMs === undefined ? null : daysLeft(endsAtMs, observedAtMs);
}

/** Whether it has not reached its wanted role yet: the fleet tolerates one failure fewer than it seems to. */
function isOutside(admission: Admission): boolean {
  return admission === Admission.WAITING || admission === Admission.REJOINING;
}

/** The node that leads a quorum: itself and enough voters that follow it in its term. */
function electedLeader(statuses: readonly NodeStatus[]): NodeStatus | null {
  for (const candidate of statuses) {
    if (candidate.leaderId !== candidate.nodeId) continue;
    const voters = candidate.members.filter((member) => !member.learner).map((member) => member.nodeId);
    const followers = statuses.filter(
      (s) => voters.includes(s.nodeId) && s.leaderId === candidate.nodeId && s.term === candidate.term,
    );
    if (followers.length > voters.length / 2) return candidate;
  }
  return null;
}

/** The leader's address; null when there is no leader. */
export function leaderAddress(answers: readonly Answer[]): string | null {
  const leader = electedLeader(statusesOf(answers));
  return answers.find(({ status }) => status !== null && status === leader)?.address ?? null;
}

const statusesOf = (answers: readonly Answer[]): NodeStatus[] =>
  answers.flatMap(({ status }) => (status === null ? [] : [status]));

/**
 * By address, the node's name in the members' table. The leader's table takes precedence, because others may
 * be behind.
 */
function memberNames(statuses: readonly NodeStatus[]): ReadonlyMap<string, string> {
  const leader = electedLeader(statuses);
  const tables = leader === null ? statuses : [...statuses.filter((status) => status !== leader), leader];
  const members = tables.flatMap((status) => status.members);
  return new Map(members.map(({ address, name }) => [address, name]));
}

/** An endpoint that did not answer gets the name from the members' table. */
function named(answer: Answer, names: ReadonlyMap<string, string>): Answer {
  if (answer.name !== answer.address) return answer;
  const name = names.get(answer.address);
  return name === undefined ? answer : { ...answer, name };
}

function observation(
  answer: Answer,
  leader: NodeStatus | null,
  hashes: ReadonlyMap<string, string>,
): NodeObservation {
  const { status } = answer;
  return {
    ...answer,
    nodeId: status?.nodeId ?? null,
    reachable: status !== null,
    hashAt: hashes.get(answer.address) ?? null,
    lag: status && leader && Math.max(0, leader.commitIndex - status.appliedIndex),
    certificateDaysLeft: daysLeftOf(answer),
  };
}
