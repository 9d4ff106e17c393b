// etcd's Cluster service: the fleet's members, which are the members of its groups too (ADR-0049). Members are changed
// with the fleet's own commands: a change needs a certificate, a name, and the audit log's reason, which etcd's
// requests do not carry.

import { status } from "@grpc/grpc-js";
import type { Peer } from "../../transport/transport.ts";
import type { ClusterServer, Member } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Implementation, UnaryCall } from "../../wire/server/unary-calls.ts";
import { unaryMethod } from "./etcd-caller.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS, etcdError } from "./etcd-errors.ts";
import type { KeyStore } from "./kv-service.ts";

export function clusterService(
  context: EtcdContext,
  { headers, reads }: KeyStore,
): Implementation<ClusterServer> {
  const changedWith = (command: string) =>
    etcdError(status.FAILED_PRECONDITION, `members of a fleet are changed with: ${command}`);
  /** As etcd, of a member that there is not. */
  const refuse = (command: string) => {
    const error = changedWith(command);
    return async ({ request: { ID } }: UnaryCall<{ readonly ID: string }>) => {
      if (!context.fleet.replicas.some(({ id }) => String(id) === ID)) throw ETCD_ERRORS.memberNotFound;
      throw error;
    };
  };
  return {
    memberList: unaryMethod(context, async (request, caller) => {
      if (request.linearizable) await reads.confirmed(caller);
      return { header: headers.now(), members: membersOf(context) };
    }),
    memberAdd: () => Promise.reject(changedWith("fleet member add")),
    memberRemove: refuse("fleet member remove"),
    memberUpdate: refuse("fleet member replace"),
    memberPromote: refuse("fleet member promote"),
  };
}

/** A member whose process was never reached has no client URLs, like a member of etcd that never started. */
function membersOf({ fleet, etcdAddressOf, scheme }: EtcdContext): Member[] {
  const { config } = fleet.driver.status();
  const peers = fleet.tls === "insecure-loopback" ? "http" : "https";
  const member = ({ id, name, address }: Peer): Member => {
    const etcd = etcdAddressOf(id);
    return {
      ID: String(id),
      name,
      peerURLs: [`${peers}://${address}`],
      clientURLs: etcd === "" ? [] : [`${scheme}://${etcd}`],
      isLearner: config.learners.includes(id),
    };
  };
  return fleet.replicas.map(member);
}
