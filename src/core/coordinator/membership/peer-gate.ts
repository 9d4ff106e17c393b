// Which replicas are accepted here (ADR-0023). A certificate only says which replica it is; the members'
// table says whether it takes part. What must stay true: this is checked before any message of a replica is
// read.

import { status } from "@grpc/grpc-js";
import { isAddress } from "../../base/address.ts";
import { isName, MEMBER_NUMBER_MAX, type NodeId, nodeId } from "../../base/ids.ts";
import { ADDRESS_BYTES_MAX, MEMBERS_MAX } from "../../fleet/limits.ts";
import { listMembers } from "../../fleet/query.ts";
import type { FleetView } from "../../fleet/state.ts";
import type { ConfState } from "../../raft/message.ts";
import type { Peer } from "../../transport/transport.ts";
import { MemberKind } from "../../wire/gen/fleet/v1/command.ts";
import type { KnownMember } from "../../wire/gen/fleet/v1/raft.ts";
import { type RpcError, rpcError } from "../../wire/rpc-error.ts";
import { isMember } from "../group/message-questions.ts";

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
  /** A peer named a member that may be unknown here. */
  readonly introduce: (peer: Peer) => void;
}

type Row = Pick<KnownMember, "name" | "removed" | "version">;

export class PeerGate {
  readonly #options: PeerGateOptions;
  /** Rows that members sent, where this replica's own table knows less. */
  readonly #named = new Map<NodeId, KnownMember>();
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

  /** An accepted member sent rows of its table. A table gets old, never wrong: the newer row counts. */
  learn(members: readonly KnownMember[]): void {
    for (const member of members) {
      const id = nodeId(member.nodeId);
      if (!isPlausible(member) || member.version <= (this.#row(id)?.version ?? -1)) continue;
      if (!this.#named.has(id) && this.#named.size >= MEMBERS_MAX) return;
      this.#named.set(id, member);
      if (!member.removed) this.#options.introduce({ id, name: member.name, address: member.address });
    }
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
    const named = this.#named.get(peer);
    if (own === undefined || (named !== undefined && named.version > own.version)) return named;
    return { name: own.name, removed: own.wanted === MemberKind.REMOVED, version: own.version };
  }

  // Its command line may name only nodes that are gone (ADR-0004). Then it accepts any replica that contacts
  // it: it neither votes nor counts, and holds nothing that a stranger could damage.
  #hearsNoPeer(): boolean {
    const { self, given, isAmnesiac, hears } = this.#options;
    return isAmnesiac() && !given.some(({ id }) => id !== self && hears(id));
  }
}

/** Input from the network is checked before it is stored. */
function isPlausible({ nodeId: id, name, address }: KnownMember): boolean {
  return id > 0 && isName(name) && address.length <= ADDRESS_BYTES_MAX && isAddress(address);
}

export function removed(name: string): RpcError {
  return refused("MEMBER_REMOVED", `${name} was removed from the fleet`);
}

export function unknown(peer: number): RpcError {
  return refused("MEMBER_UNKNOWN", `no member has the number ${peer}; add it with: fleet member add`);
}

export function unusable(peer: number): RpcError {
  const message = `${peer} is no number of a member: they are from 1 to ${MEMBER_NUMBER_MAX}; remove it, and add it without one`;
  return refused("INVALID_MEMBER", message);
}

function refused(reason: string, message: string): RpcError {
  return rpcError(status.PERMISSION_DENIED, reason, message);
}
