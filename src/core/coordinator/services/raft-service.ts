// The Raft service: the transport's streams, and Rejoin. Only replicas may call it (rules.ts). The
// transport's gate decides whether the replica is a member (ADR-0023).

import { type Metadata, status } from "@grpc/grpc-js";
import { FLEET_GROUP, type NodeId } from "../../base/ids.ts";
import type { GrpcTransport } from "../../transport/grpc.ts";
import { senderOf } from "../../transport/sender.ts";
import type { ForwardKeysRequest, ForwardKeysResponse, RaftServer } from "../../wire/gen/fleet/v1/raft.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { Implementation } from "../../wire/server/unary-calls.ts";
import { callerOf, type Identity } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { handler } from "../calls/handler.ts";
import { refuseOldBuild } from "../cluster-version/version-gate.ts";
import type { HostedGroup } from "../group/group-kinds.ts";
import type { OpenGroups } from "../membership/open-groups.ts";
import { readmit, readmitToGroup } from "../membership/readmit.ts";
import type { Replica } from "../membership/replica.ts";

/** What its methods are for. */
interface Served {
  readonly transport: GrpcTransport;
  readonly replica: Pick<Replica<unknown>, "readmit">;
  readonly openGroups: Pick<OpenGroups<HostedGroup>, "readmit">;
}

export function raftService(
  context: ServiceContext,
  { transport, replica, openGroups: groups }: Served,
  forwarded: (request: ForwardKeysRequest, caller: Caller) => Promise<ForwardKeysResponse>,
): Implementation<RaftServer> {
  return {
    exchange: (call) => {
      const caller = callerOf(call, context.tls);
      const speaker = speakerOf(caller);
      const sender = senderOf(call.metadata);
      if (sender !== null && sender.clusterId !== context.clusterId) {
        transport.incoming.turnAway(call);
        return;
      }
      const unheard = speaker === null ? null : context.refusePeer(speaker);
      const refused = unheard ?? refuseOldBuild(context, sender?.knownVersion ?? 0);
      if (refused !== null) {
        call.emit("error", refused);
        return;
      }
      const isHeard = transport.incoming.exchange(call, speaker);
      if (!isHeard) return;
      introduce(context, call.metadata, caller);
      const up = speaker ?? sender?.peer.id;
      if (up !== undefined) transport.isUp(up);
    },
    installSnapshot: (call, callback) => {
      transport.incoming.installSnapshot(call, speakerOf(callerOf(call, context.tls)), callback);
    },
    offerSnapshot: ({ request, identity }) => transport.incoming.offerSnapshot(request, speakerOf(identity)),
    rejoin: handler(context, (request, caller) => {
      const isSelf = caller.identity.kind === "replica" && caller.identity.id === request.nodeId;
      if (!isSelf) {
        throw rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", "a replica may ask for itself only");
      }
      if (request.clusterId !== context.clusterId) {
        const message = `this is cluster ${context.clusterId}, not ${request.clusterId}`;
        throw rpcError(status.PERMISSION_DENIED, "CLUSTER_MISMATCH", message);
      }
      if ((request.groupId ?? FLEET_GROUP) !== FLEET_GROUP)
        return readmitToGroup(context, groups, request, caller);
      return readmit(context, replica, request, caller);
    }),
    forwardKeys: handler(context, (request, caller) => forwarded(request, caller)),
  };
}

/** The only replica as which the caller may speak; unknown without TLS. */
function speakerOf(caller: Identity): NodeId | null {
  return caller.kind === "replica" ? caller.id : null;
}

// A caller may announce only its own address, and only to a replica of its cluster.
function introduce(context: ServiceContext, metadata: Metadata, caller: Identity): void {
  const sender = senderOf(metadata);
  if (sender === null || sender.clusterId !== context.clusterId) return;
  const isItself = caller.kind === "replica" && caller.id === sender.peer.id;
  if (isItself || context.tls === "insecure-loopback") context.introduce(sender.peer);
}
