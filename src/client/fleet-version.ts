// Which cluster version is in force, and which members keep it from rising (ADR-0015). Pure. The leader knows
// best which members it waits for. A leader of a build from before cluster versions says nothing; then the
// nodes' own answers are used.

import { MemberKind } from "../core/wire/gen/fleet/v1/command.ts";
import type { ListMembersResponse, NodeStatus } from "../core/wire/gen/fleet/v1/coordinator.ts";

/**
 * Builds from before cluster versions say neither the version that they know nor the one in force: both are
 * 1.
 */
const UNSAID = 1;

export interface AwaitedNode {
  readonly name: string;
  /** 0 = it is not connected, or down. */
  readonly knownVersion: number;
  readonly build: string;
}

export interface FleetVersion {
  /** Null when no node answers. */
  readonly ruling: number | null;
  /** The newest version that an answering node knows. */
  readonly newest: number | null;
  readonly awaited: readonly AwaitedNode[];
}

/** `down`: the names of nodes that did not answer. */
export function fleetVersion(
  statuses: readonly NodeStatus[],
  leader: NodeStatus | null,
  down: readonly string[],
): FleetVersion {
  if (statuses.length === 0) return { ruling: null, newest: null, awaited: [] };
  const newest = Math.max(...statuses.map(knownBy));
  const ruling = Math.max(UNSAID, ...statuses.map((status) => status.clusterVersion));
  if (leader !== null && knownBy(leader) === newest) {
    const awaited = leader.awaitedUpgrades.map(({ nodeName, knownVersion, build }) => {
      // An older build does not announce its version to peers, but its status has it.
      const said = statuses.find((status) => status.nodeName === nodeName)?.version ?? "";
      return { name: nodeName, knownVersion, build: build === "" ? said : build };
    });
    return { ruling, newest, awaited: ruling < newest ? awaited : [] };
  }
  const older = statuses.filter((status) => knownBy(status) < newest);
  const awaited = [
    ...older.map((status) => ({
      ...{ name: status.nodeName, knownVersion: knownBy(status), build: status.version },
    })),
    ...down.map((name) => ({ name, knownVersion: 0, build: "" })),
  ];
  return { ruling, newest, awaited: ruling < newest ? awaited : [] };
}

/** The same of the leader's list of members, which has what each of them announces to it. */
export function versionOfMembers({
  clusterVersion,
  members,
}: Pick<ListMembersResponse, "clusterVersion" | "members">): FleetVersion {
  if (clusterVersion === 0) return { ruling: null, newest: null, awaited: [] };
  const taking = members.filter(({ member }) => member?.wanted !== MemberKind.REMOVED);
  const newest = Math.max(clusterVersion, ...taking.map(({ knownVersion }) => knownVersion));
  const awaited = taking
    .filter(({ knownVersion }) => knownVersion < newest)
    .map(({ member, knownVersion, build }) => ({ name: member?.name ?? "", knownVersion, build }));
  return { ruling: clusterVersion, newest, awaited: clusterVersion < newest ? awaited : [] };
}

function knownBy({ knownVersion }: NodeStatus): number {
  return Math.max(UNSAID, knownVersion);
}
