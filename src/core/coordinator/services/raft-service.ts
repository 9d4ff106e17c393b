// The Raft service: the transport's streams, behind the check that only replicas may open them, and Rejoin.

import { status } from "@grpc/grpc-js";
import type { GrpcTransport } from "../../transport/grpc.ts";
import { senderOf } from "../../transport/sender.ts";
import { MemberKind, type MemberRecord } from "../../wire/gen/fleet/v1/command.ts";
import type { RaftServer } from "../../wire/gen/fleet/v1/raft.ts";
import { identityOf } from "../../wire/identity.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { Replica } from "../replica.ts";
import type { ServiceContext } from "./context.ts";
import { handler, replicasOnly } from "./handler.ts";
import { readmit, removed } from "./readmit.ts";

export function raftService(
  context: ServiceContext,
  transport: GrpcTransport,
  replica: Pick<Replica<unknown>, "readmit">,
): RaftServer {
  const streams = transport.handlers();
  const isReplica = (
    call: Parameters<RaftServer["exchange"]>[0] | Parameters<RaftServer["installSnapshot"]>[0],
  ) => context.tls === "insecure-loopback" || identityOf(call, context.tls)?.kind === "replica";
  const refused = () =>
    rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", "only replicas may replicate");
  return {
    exchange: (call) => {
      if (!isReplica(call)) {
        call.emit("error", refused());
        return;
      }
      streams.exchange(call);
      introduce(context, call);
      // Checked with every frame: the caller may be removed while its stream is open, and has to be told.
      call.on("data", () => {
        const row = removedRow(context, call);
        if (row !== null) call.emit("error", removed(row.name));
      });
    },
    installSnapshot: (call, callback) => {
      if (isReplica(call)) streams.installSnapshot(call, callback);
      else callback(refused());
    },
    rejoin: handler(context, replicasOnly, (request, caller) => {
      const isSelf = caller.identity.kind === "replica" && caller.identity.id === request.nodeId;
      if (!isSelf) {
        throw rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", "a replica may ask for itself only");
      }
      if (request.clusterId !== context.clusterId) {
        const message = `this is cluster ${context.clusterId}, not ${request.clusterId}`;
        throw rpcError(status.PERMISSION_DENIED, "CLUSTER_MISMATCH", message);
      }
      return readmit(context, replica, request, caller);
    }),
  };
}

// Its own address is all that a caller may tell, and only to a replica of its cluster.
function introduce(context: ServiceContext, call: Parameters<RaftServer["exchange"]>[0]): void {
  const sender = senderOf(call.metadata);
  const caller = identityOf(call, context.tls);
  if (sender === null || sender.clusterId !== context.clusterId) return;
  const isItself = caller?.kind === "replica" && caller.id === sender.peer.id;
  if (isItself || context.tls === "insecure-loopback") context.introduce(sender.peer);
}

function removedRow(
  { machine, tls }: ServiceContext,
  call: Parameters<RaftServer["exchange"]>[0],
): Readonly<MemberRecord> | null {
  const caller = identityOf(call, tls);
  const row = caller?.kind === "replica" ? machine.view.tables.members.get(caller.id) : undefined;
  return row?.wanted === MemberKind.REMOVED ? row : null;
}
