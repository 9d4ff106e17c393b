// Adds, promotes and removes members of a plain etcd cluster, one change at a time. etcd itself refuses a change that would
// cost the quorum. What must stay true: exactly one member has the given name or id. A repeated command finds its
// change made.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import {
  type Member,
  MemberAddRequest,
  MemberPromoteRequest,
  MemberRemoveRequest,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { unary } from "../../core/wire/unary.ts";
import { listMembers } from "./cluster-status.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { leaseName as hex } from "./lease-id.ts";

/** A change as it was asked for. */
export type EtcdMemberChange =
  | {
      readonly kind: "add";
      readonly name: string;
      /** host:port, or a URL. */
      readonly address: string;
      readonly learner: boolean;
    }
  /** By name or hexadecimal id. */
  | { readonly kind: "promote" | "remove"; readonly name: string };

export interface EtcdMemberChanged {
  readonly changed: boolean;
  /** Hexadecimal; empty: an addition that was only tried out. */
  readonly memberId: string;
  readonly name: string;
  readonly notes: readonly string[];
}

interface ChangeOptions {
  readonly dryRun: boolean;
  readonly deadlineMs: number;
}

export async function changeMember(
  client: EtcdClient,
  change: EtcdMemberChange,
  options: ChangeOptions,
): Promise<EtcdMemberChanged> {
  const members = await listMembers(client, options.deadlineMs);
  if (change.kind === "add") return await add(client, members, change, options);
  const member = memberNamed(members, change.name);
  const changed = change.kind === "remove" || member.isLearner;
  const done = { changed, memberId: hex(member.ID), name: member.name || change.name, notes: [] };
  if (!changed || options.dryRun) return done;
  if (change.kind === "remove") {
    const request = MemberRemoveRequest.fromPartial({ ID: member.ID });
    await client.write(
      ({ cluster }, limits) => unary(cluster.memberRemove.bind(cluster), request, limits),
      options,
    );
  } else {
    const request = MemberPromoteRequest.fromPartial({ ID: member.ID });
    await client.write(
      ({ cluster }, limits) => unary(cluster.memberPromote.bind(cluster), request, limits),
      options,
    );
  }
  return done;
}

async function add(
  client: EtcdClient,
  members: readonly Member[],
  { name, address, learner }: Extract<EtcdMemberChange, { kind: "add" }>,
  options: ChangeOptions,
): Promise<EtcdMemberChanged> {
  const url = peerUrl(address, members);
  const known = members.find(({ peerURLs }) => peerURLs.includes(url));
  const taken = members.find((member) => member.name === name && member !== known);
  if (taken !== undefined) throw nameTaken(name, taken);
  const others = members.filter((member) => member !== known);
  const notes = [startLine(name, url, others)];
  // Until it has started, etcd does not know its name.
  if (known !== undefined) {
    return { changed: false, memberId: hex(known.ID), name, notes: known.name === "" ? notes : [] };
  }
  if (options.dryRun) return { changed: true, memberId: "", name, notes: [] };
  const request = MemberAddRequest.fromPartial({ peerURLs: [url], isLearner: learner });
  const { member } = await client.write(
    ({ cluster }, limits) => unary(cluster.memberAdd.bind(cluster), request, limits),
    options,
  );
  return { changed: true, memberId: hex(member?.ID ?? "0"), name, notes };
}

/** An address has the scheme of the other members. */
function peerUrl(address: string, members: readonly Member[]): string {
  if (/^https?:\/\//.test(address)) return address;
  const isTls = members.some(({ peerURLs }) => peerURLs.some((url) => url.startsWith("https:")));
  return `${isTls ? "https" : "http"}://${address}`;
}

function startLine(name: string, url: string, others: readonly Member[]): string {
  const peers = [...others.map((member) => [member.name, member.peerURLs[0] ?? ""]), [name, url]];
  const cluster = peers.map(([each, at]) => `${each}=${at}`).join(",");
  return `start it there, with client URLs and a --data-dir of its own: etcd --name ${name} --listen-peer-urls ${url} --initial-advertise-peer-urls ${url} --initial-cluster ${cluster} --initial-cluster-state existing`;
}

function memberNamed(members: readonly Member[], name: string): Member {
  const found = members.filter((member) => member.name === name || hex(member.ID) === name);
  const [member] = found;
  if (member !== undefined && found.length === 1) return member;
  throw new OperatorError(member === undefined ? "MEMBER_UNKNOWN" : "MEMBER_AMBIGUOUS", {
    what: member === undefined ? `there is no member ${name}` : `${found.length} members are named ${name}`,
    next: "see the members and their ids: fleet member list",
    exit: Exit.NotFound,
  });
}

function nameTaken(name: string, { peerURLs }: Member): OperatorError {
  return new OperatorError("MEMBER_EXISTS", {
    what: `${name} is a member already, at ${peerURLs.join(", ")}`,
    next: `remove it first: fleet member remove ${name}`,
    exit: Exit.Precondition,
  });
}
