// Raises the cluster version (ADR-0015). Like etcd's monitorVersions, the leader compares the versions that
// all members announce, and raises the cluster version to the lowest of them. What must stay true: a member that is not
// connected to the leader holds the version back. It may return with an older build. A learner counts too, because it
// applies the same entries.

import { type NodeId, nodeId } from "../../base/ids.ts";
import type { FleetView } from "../../fleet/state.ts";
import type { Announced, Announcement } from "../../transport/transport.ts";
import { MemberKind, type RaiseClusterVersion } from "../../wire/gen/fleet/v1/command.ts";
import type { GroupPort } from "../group/group-port.ts";

/** A member, and what its build announces. */
export interface MemberBuild extends Announcement {
  readonly nodeId: NodeId;
  readonly name: string;
}

/** All members that are not removed, by number. Version 0: it is not connected. */
function memberBuilds({ tables }: FleetView, announced: Announced): MemberBuild[] {
  return [...tables.members.rows()]
    .filter(({ wanted }) => wanted !== MemberKind.REMOVED)
    .map(({ nodeId: number, name }) => {
      const id = nodeId(number);
      return { nodeId: id, name, ...(announced(id) ?? { knownVersion: 0, build: "" }) };
    });
}

/** The members that do not know `version`, as far as this replica has heard. */
export function ignorantOf(version: number, view: FleetView, announced: Announced): MemberBuild[] {
  return memberBuilds(view, announced).filter(({ knownVersion }) => knownVersion < version);
}

/** "n2 (build 0.1.0 knows version 1), n3 (not connected)" */
export function describeBuilds(members: readonly MemberBuild[]): string {
  return members.map(describeBuild).join(", ");
}

function describeBuild({ name, knownVersion, build }: MemberBuild): string {
  if (knownVersion === 0) return `${name} (not connected)`;
  return `${name} (${build === "" ? "its build" : `build ${build}`} knows version ${knownVersion})`;
}

interface VersionWatchOptions {
  readonly driver: Pick<GroupPort<never>, "role">;
  readonly view: () => FleetView;
  readonly announced: Announced;
  /** This replica's build. */
  readonly knownVersion: number;
  /** Proposes it; resolves when that has succeeded or failed. */
  readonly raise: (raise: RaiseClusterVersion) => Promise<unknown>;
}

export class VersionWatch {
  readonly #options: VersionWatchOptions;
  #isRaising = false;

  constructor(options: VersionWatchOptions) {
    this.#options = options;
  }

  /** To be called often: cheap while there is nothing to raise. Rejects with a bug, and the next look tries again. */
  async look(): Promise<void> {
    const { driver, view, announced, knownVersion, raise } = this.#options;
    const ruling = view().clusterVersion;
    if (ruling >= knownVersion || this.#isRaising || driver.role !== "leader") return;
    const members = memberBuilds(view(), announced);
    // Before the first rows are written it is unknown which members to ask.
    const lowest = Math.min(...members.map((member) => member.knownVersion));
    const version = Math.min(lowest, knownVersion);
    if (members.length === 0 || version <= ruling) return;
    this.#isRaising = true;
    const heard = members.map((member) => ({ nodeId: member.nodeId, version: member.knownVersion }));
    await raise({ version, announced: heard }).finally(() => {
      this.#isRaising = false;
    });
  }
}
