// etcd's Cluster service: the fleet's members, which are the members of its groups too (ADR-0049). Changes are the fleet's
// own (member-changes.ts, ADR-0071).

import { status } from "@grpc/grpc-js";
import type { NodeId } from "../../base/ids.ts";
import type { Peer } from "../../transport/transport.ts";
import type { ClusterServer, Member } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { MemberKind } from "../../wire/gen/fleet/v1/command.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import type { Caller } from "../calls/caller.ts";
import { workerOf } from "../calls/client-work.ts";
import { unaryMethod } from "./etcd-caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS, errorOf, etcdError } from "./etcd-errors.ts";
import type { KeyStore } from "./kv-service.ts";
import type { MemberChange, MemberChanges } from "./member-changes.ts";
import { addressOfUrls, type PeerScheme, peerUrl } from "./peer-url.ts";

const LOOK_EVERY_MS = 20;

export function clusterService(
  context: EtcdContext,
  { headers }: Pick<KeyStore, "headers">,
  changes: Pick<MemberChanges, "make">,
): Implementation<ClusterServer> {
  const all = () => ({ header: headers.now(), members: membersOf(context) });
  const make = async (change: MemberChange, caller: Caller) => String(await changes.make(change, caller));
  return {
    memberList: unaryMethod(context, async ({ linearizable }, caller) => {
      if (linearizable) await confirmed(context, caller);
      return all();
    }),
    memberAdd: unaryMethod(context, async (value, caller) => {
      const added = await make({ $case: "memberAdd", value }, caller);
      const { header, members } = all();
      const member = members.find(({ ID }) => ID === added);
      // It was added, and this member has not heard of it in time.
      if (member === undefined) throw ETCD_ERRORS.timeout;
      return { header, members, member };
    }),
    memberRemove: unaryMethod(context, async (value, caller) => {
      const removed = await make({ $case: "memberRemove", value }, caller);
      const { header, members } = all();
      return { header, members: members.filter(({ ID }) => ID !== removed) };
    }),
    memberUpdate: unaryMethod(context, async ({ ID, peerURLs }) => {
      refuseUpdate(context, ID, peerURLs);
      return all();
    }),
    memberPromote: unaryMethod(context, async (value, caller) => {
      await make({ $case: "memberPromote", value }, caller);
      return all();
    }),
  };
}

/** Resolves when this replica's members are at least as new as now. */
async function confirmed({ fleet }: EtcdContext, { identity, deadline }: Caller): Promise<void> {
  const { driver, clock, sleep, work } = fleet;
  // During an election a caller waits, as with etcd.
  while (driver.leader === 0) {
    if (clock.monotonicMs() >= deadline) throw ETCD_ERRORS.timeout;
    await sleep(LOOK_EVERY_MS);
  }
  const read = await driver.readIndex(deadline);
  await work.answer(workerOf(identity));
  if (!read.ok) throw errorOf(read.refusal);
}

/** A number belongs to one address for good (ADR-0004), so only an update that changes nothing succeeds. */
function refuseUpdate(context: EtcdContext, id: string, urls: readonly string[]): void {
  const { replicas } = context.fleet;
  const member = replicas.find((replica) => String(replica.id) === id);
  if (member === undefined) throw ETCD_ERRORS.memberNotFound;
  const address = addressOfUrls(urls, peerScheme(context));
  if (address === member.address) return;
  if (replicas.some((replica) => replica.address === address)) throw ETCD_ERRORS.peerUrlExists;
  const command = `fleet member replace ${member.name} --with NEW`;
  const text = `a member of a fleet keeps its address; replace it by another: ${command}`;
  throw etcdError(status.FAILED_PRECONDITION, text);
}

const peerScheme = ({ fleet }: EtcdContext): PeerScheme =>
  fleet.tls === "insecure-loopback" ? "http" : "https";

/**
 * As in etcd, a member that has never taken part has no name yet. One whose process was never reached has no client
 * URLs.
 */
function membersOf(context: EtcdContext): Member[] {
  const { fleet, etcdAddressOf, scheme } = context;
  const { config } = fleet.driver.status();
  const { voters, votersOutgoing, learners, learnersNext } = config;
  const isIn = (...lists: readonly (readonly NodeId[])[]) => {
    return (id: NodeId) => lists.some((ids) => ids.includes(id));
  };
  const takesPart = isIn(voters, votersOutgoing, learners, learnersNext);
  const learns = isIn(learners, learnersNext);
  const wanted = (id: NodeId) => fleet.machine.view.tables.members.get(id)?.wanted;
  const member = ({ id, name, address }: Peer): Member => {
    const etcd = etcdAddressOf(id);
    return {
      ID: String(id),
      name: takesPart(id) ? name : "",
      peerURLs: [peerUrl(peerScheme(context), address)],
      clientURLs: etcd === "" ? [] : [`${scheme}://${etcd}`],
      isLearner: takesPart(id) ? learns(id) : wanted(id) === MemberKind.LEARNER,
    };
  };
  return fleet.replicas.filter(({ id }) => wanted(id) !== MemberKind.REMOVED).map(member);
}
