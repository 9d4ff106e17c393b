// The Raft service: the transport's streams, behind the check that only replicas may open them, and Rejoin.

import { status } from "@grpc/grpc-js";
import { nodeId } from "../../base/ids.ts";
import type { GrpcTransport } from "../../transport/grpc.ts";
import type { RaftServer } from "../../wire/gen/fleet/v1/raft.ts";
import { identityOf } from "../../wire/identity.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { Replica } from "../replica.ts";
import { assertLeads } from "./assert-leads.ts";
import type { ServiceContext } from "./context.ts";
import { handler, replicasOnly } from "./handler.ts";

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
      if (isReplica(call)) streams.exchange(call);
      else call.emit("error", refused());
    },
    installSnapshot: (call, callback) => {
      if (isReplica(call)) streams.installSnapshot(call, callback);
      else callback(refused());
    },
    rejoin: handler(context, replicasOnly, async (request, caller) => {
      const isSelf = caller.identity.kind === "replica" && caller.identity.id === request.nodeId;
      const isKnown = context.replicas.some((known) => known.id === request.nodeId);
      if (!isSelf || !isKnown || request.clusterId !== context.clusterId) {
        throw rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", "a replica may ask for itself only");
      }
      await assertLeads(context, caller);
      const holding = request.whole ? "whole" : request.restored ? "part" : "nothing";
      const readmission = replica.readmit(nodeId(request.nodeId), holding);
      const learnerAt = readmission.kind === "learner" ? readmission.at : 0;
      return { voter: readmission.kind === "voter", learnerAt };
    }),
  };
}
