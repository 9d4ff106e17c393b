// Which replicas are accepted here (ADR-0023). A certificate only says which replica it is; the members'
// table says whether it takes part. What must stay true: this is checked before any message of a replica is
// read. No member can keep a removed one in, and no single member can have another one refused.

import { status } from "@grpc/grpc-js";
import { isAddress } from "../../base/address.ts";
import { isMemberNumber, isName, MEMBER_NUMBER_MAX, type NodeId, nodeId } from "../../base/ids.ts";
import { ADDRESS_BYTES_MAX, MEMBERS_MAX } from "../../fleet/limits.ts";
import { listMembers } from "../../fleet/query.ts";
import type { FleetView } from "../../fleet/state.ts";
import type { ConfState } from "../../raft/message.ts";
import type { Peer } from "../../transport/transport.ts";
import { MemberKind } from "../../wire/gen/fleet/v1/command.ts";
import type { KnownMember } from "../../wire/gen/fleet/v1/raft.ts";
import { type RpcError, rpcError } from "../../wire/rpc-error.ts";
import { isMember } from "../group/message-questions.ts";

/**
 * So many members must say that another was removed, until this replica has applied it. With one of them, a single stolen
 * key could make all others refuse each other.
 */
const REMOVERS_MIN = 2;

export interface PeerGateOptions {
  readonly self: NodeId;
  /** The replicas of the command line, including this one. */
  readonly given: readonly Peer[];
  readonly view: () => FleetView;
  /** The configuration of the fleet's own group. */
  readonly config: () => ConfState;
  /** Whether a group beside it still has the member in its configuration (ADR-0049). */
  readonly isInGroup: (member: NodeId) => boolean;
  /** Whether this replica is new or lost its disk, so that it has no table of its own yet (ADR-0002). */
  readonly isAmnesiac: () => boolean;
  /** Whether the peer has sent anything lately. */
  readonly hears: (peer: NodeId) => boolean;
}

type Row = Pick<KnownMember, "name" | "removed" | "version">;

export class PeerGate {
  readonly #options: PeerGateOptions;
  /** By the member that sent them: rows of its table that may be newer than this replica's own. */
  readonly #named = new Map<NodeId, ReadonlyMap<NodeId, KnownMember>>();
  /** Who has told a table, also one that says nothing new here. */
  readonly #tellers = new Set<NodeId>();
  #told: { readonly digest: string; readonly members: readonly KnownMember[] } | null = null;

  constructor(options: PeerGateOptions) {
    this.#options = options;
  }

  /** Why the replica is refused here; null if it is not. */
  refusal(peer: NodeId): RpcError | null {
    const { given, config, isInGroup } = this.#options;
    const row = this.#row(peer);
    // As long as it votes in a group, the others may need its vote to take it out.
    if (row?.removed === true) return isInGroup(peer) ? null : removed(row.name);
    const isKnown = row !== undefined || given.some(({ id }) => id === peer) || isMember(config(), peer);
    return isKnown || this.#hearsNoPeer() ? null : unknown(peer);
  }

  /** An accepted member sent its table, which replaces what it sent before. What it says of itself is left out. */
  learn(members: readonly KnownMember[], from: NodeId): void {
    if (members.length > 0) this.#tellers.add(from);
    const newer = new Map<NodeId, KnownMember>();
    for (const member of members) {
      if (newer.size >= MEMBERS_MAX) break;
      const counts = member.nodeId !== from && isPlausible(member) && this.#isNewer(member);
      if (counts) newer.set(nodeId(member.nodeId), member);
    }
    if (newer.size === 0) this.#named.delete(from);
    else this.#named.set(from, newer);
  }

  /**
   * Members that only peers know, as their last tables have them. The room is shared: no peer's table fills it before
   * another's.
   */
  named(): readonly Peer[] {
    if (this.#named.size === 0) return [];
    const found = new Map<NodeId, Peer>();
    const tables = [...this.#named].map(([from, rows]) => this.#addedBy(from, rows));
    for (let left = tables; left.length > 0 && found.size < MEMBERS_MAX; ) {
      left = left.filter((table) => {
        const { done, value: peer } = table.next();
        if (peer && found.size < MEMBERS_MAX && !found.has(peer.id)) found.set(peer.id, peer);
        return !done;
      });
    }
    return [...found.values()];
  }

  /** The rows of this replica's table that peers get: the same array until it changes. */
  known(): readonly KnownMember[] {
    const view = this.#options.view();
    const { low, high } = view.tables.members.digest;
    const digest = `${low}.${high}`;
    if (this.#told?.digest !== digest) {
      const members = listMembers(view).map(({ wanted, ...row }) => ({
        ...row,
        removed: wanted === MemberKind.REMOVED,
      }));
      this.#told = { digest, members };
    }
    return this.#told.members;
  }

  #row(peer: NodeId): Row | undefined {
    const own = this.#options.view().tables.members.get(peer);
    // A removal is final.
    if (own?.wanted === MemberKind.REMOVED) return { name: own.name, removed: true, version: own.version };
    const named = this.#named.size === 0 ? [] : this.#namedRows(peer);
    const removals = named.filter(({ removed }) => removed);
    if (removals.length >= REMOVERS_MIN) return removals[0];
    const added = named.find(({ removed }) => !removed);
    return own === undefined ? added : { name: own.name, removed: false, version: own.version };
  }

  *#addedBy(from: NodeId, rows: ReadonlyMap<NodeId, KnownMember>): Generator<Peer, undefined> {
    const { members } = this.#options.view().tables;
    if (members.get(from)?.wanted === MemberKind.REMOVED) return;
    for (const [id, row] of rows) {
      const isAdded = !row.removed && members.get(id) === undefined && this.#isNewer(row);
      if (isAdded) yield { id, name: row.name, address: row.address };
    }
  }

  /** What the others say of it: not those that were removed, and not of the past. */
  #namedRows(peer: NodeId): readonly KnownMember[] {
    const { members } = this.#options.view().tables;
    return [...this.#named].flatMap(([from, rows]) => {
      const row = rows.get(peer);
      const isHeard = members.get(from)?.wanted !== MemberKind.REMOVED;
      return row !== undefined && isHeard && this.#isNewer(row) ? [row] : [];
    });
  }

  // A row's version is the index of its entry: what this replica has applied is in its own table.
  #isNewer({ nodeId: id, version }: KnownMember): boolean {
    const { appliedIndex, tables } = this.#options.view();
    return version > appliedIndex && version > (tables.members.get(id)?.version ?? -1);
  }

  // Its command line may name only nodes that are gone (ADR-0004). Then it accepts any replica that contacts
  // it: it neither votes nor counts, and holds nothing that a stranger could damage. A named node that has forgotten everything too
  // has no word to take.
  #hearsNoPeer(): boolean {
    const { self, given, isAmnesiac, hears } = this.#options;
    return isAmnesiac() && !given.some(({ id }) => id !== self && hears(id) && this.#tellers.has(id));
  }
}

/** Input from the network is checked before it is stored. */
function isPlausible({ nodeId: id, name, address }: KnownMember): boolean {
  return isMemberNumber(id) && isName(name) && address.length <= ADDRESS_BYTES_MAX && isAddress(address);
}

export function removed(name: string): RpcError {
  return refused("MEMBER_REMOVED", `${name} was removed from the fleet`);
}

export function unknown(peer: number): RpcError {
  return refused("MEMBER_UNKNOWN", `no member has the number ${peer}; add it with: fleet member add`);
}

export function unusable(peer: number): RpcError {
  const message = `${peer} is not a valid member number: they are from 1 to ${MEMBER_NUMBER_MAX}; remove it, and add it without one`;
  return refused("INVALID_MEMBER", message);
}

function refused(reason: string, message: string): RpcError {
  return rpcError(status.PERMISSION_DENIED, reason, message);
}
