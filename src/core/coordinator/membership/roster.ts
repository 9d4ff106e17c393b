// This replica's peers: the members' table, and until there is one the command line (ADR-0004). The transport
// follows the table, and a leader that finds it empty writes the first rows. Checked every tick, compared by
// digest.

import type { NodeId } from "../../base/ids.ts";
import { nodeId } from "../../base/ids.ts";
import { MEMBERS_MAX } from "../../fleet/limits.ts";
import { listMembers } from "../../fleet/query.ts";
import type { FleetView } from "../../fleet/state.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { Peer } from "../../transport/transport.ts";
import { MemberKind, type MemberRecord } from "../../wire/gen/fleet/v1/command.ts";

export interface RosterOptions {
  readonly self: NodeId;
  /** The replicas of the command line, including this one. */
  readonly given: readonly Peer[];
  readonly view: () => FleetView;
  /** The replica in the fleet's own group, as it is now. */
  readonly raft: Pick<RaftStatus, "role" | "config">;
  /** Whether a group beside the fleet's own still has the member in its configuration (ADR-0049). */
  readonly isInGroup: (member: NodeId) => boolean;
  /** Members that only peers know, at present. */
  readonly named: () => readonly Peer[];
  /** The transport's peers have changed. */
  readonly connect: (peers: readonly Peer[]) => void;
  /** Writes the table's first rows; resolves when that has succeeded or failed. */
  readonly bootstrap: (members: readonly MemberRecord[]) => Promise<unknown>;
  /** This replica was removed from the configuration. */
  readonly onRemoved: () => void;
}

export class Roster {
  readonly #options: RosterOptions;
  /** Replicas that opened streams without being in the table, by number. */
  readonly #introduced = new Map<NodeId, Peer>();
  #seen = "";
  #digest = "";
  #removed: readonly NodeId[] = [];
  #isFounding = false;
  #wasMember = false;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** Every replica that may take part, always including this one. */
  known(): Peer[] {
    const { self, given, view, isInGroup } = this.#options;
    const leaves = ({ nodeId: id, wanted }: MemberRecord) =>
      wanted === MemberKind.REMOVED && isInGroup(nodeId(id));
    const rows = listMembers(view()).map((row) =>
      leaves(row) ? { ...row, wanted: MemberKind.LEARNER } : row,
    );
    const others = this.#others(rows.length);
    return knownReplicas(rows, given, self, others);
  }

  // The table has at most MEMBERS_MAX rows, and with these there are not more. What a replica says of itself comes
  // before what others say of it.
  #others(rows: number): Peer[] {
    const others = new Map<NodeId, Peer>(this.#introduced);
    for (const peer of this.#options.named()) if (!others.has(peer.id)) others.set(peer.id, peer);
    return [...others.values()].slice(0, Math.max(0, MEMBERS_MAX - rows));
  }

  /**
   * The leader that added this caller as a member knows more than this replica's own table, which may be old.
   */
  introduce(peer: Peer): void {
    const { given, self, view } = this.#options;
    const { members } = view().tables;
    const isKnown = (id: NodeId) => members.get(id) !== undefined || given.some((each) => each.id === id);
    if (peer.id === self || isKnown(peer.id) || this.#introduced.has(peer.id)) return;
    for (const id of this.#introduced.keys()) if (isKnown(id)) this.#introduced.delete(id);
    if (this.#introduced.size >= MEMBERS_MAX) return;
    this.#introduced.set(peer.id, peer);
    this.#seen = "";
  }

  /** To be called often: cheap while nothing changes. */
  look(): void {
    const { view, self, connect, isInGroup, named } = this.#options;
    const { low, high } = view().tables.members.digest;
    const digest = `${low}.${high}`;
    if (digest !== this.#digest) {
      this.#digest = digest;
      this.#removed = listMembers(view())
        .filter(({ wanted }) => wanted === MemberKind.REMOVED)
        .map(({ nodeId: id }) => nodeId(id));
    }
    // A removed member stays connected until no group has it.
    const peers = named().map(({ id, address }) => `${id}@${address}`);
    const now = `${digest} ${this.#removed.filter(isInGroup).join()} ${peers.join()}`;
    if (now !== this.#seen) {
      this.#seen = now;
      connect(this.known().filter((peer) => peer.id !== self));
    }
    this.#noticeRemoval();
    this.#bootstrapIfEmpty();
  }

  #noticeRemoval(): void {
    const { raft, self, onRemoved } = this.#options;
    const { voters, votersOutgoing, learners, learnersNext } = raft.config;
    const isMember = [voters, votersOutgoing, learners, learnersNext].some((ids) => ids.includes(self));
    if (this.#wasMember && !isMember) onRemoved();
    this.#wasMember = isMember;
  }

  #bootstrapIfEmpty(): void {
    const { raft, view, given, bootstrap } = this.#options;
    const { role, config } = raft;
    if (role !== "leader" || this.#isFounding || view().tables.members.size > 0) return;
    this.#isFounding = true;
    const founders = given
      .filter(({ id }) => config.voters.includes(id) || config.learners.includes(id))
      .map(({ id, name, address }) => {
        const wanted = config.learners.includes(id) ? MemberKind.LEARNER : MemberKind.VOTER;
        return { nodeId: id, name, address, wanted, version: 0, sinceMs: 0 };
      });
    void bootstrap(founders).finally(() => {
      this.#isFounding = false;
    });
  }
}

/**
 * The table's members, and those of the command line unless the table has removed them. A replica that was
 * away for long may have an old table, and needs the operator's peers to catch up. The command line's address
 * takes precedence over the table's, because its operator knows this process's network. A replica that
 * introduced itself, or that a peer named, counts until the table has a row for it.
 */
export function knownReplicas(
  rows: readonly Readonly<MemberRecord>[],
  given: readonly Peer[],
  self: NodeId,
  introduced: readonly Peer[] = [],
): Peer[] {
  const removed = new Set(rows.filter((row) => row.wanted === MemberKind.REMOVED).map((row) => row.nodeId));
  const known = new Map<number, Peer>(introduced.map((peer) => [peer.id, peer]));
  for (const { nodeId: id, name, address } of rows) known.set(id, { id: nodeId(id), name, address });
  for (const peer of given) known.set(peer.id, peer);
  return [...known.values()]
    .filter((peer) => peer.id === self || !removed.has(peer.id))
    .sort((a, b) => a.id - b.id);
}
