// The Raft service: the transport's streams, behind the check that only replicas may open them, and Rejoin.

import { status } from "@grpc/grpc-js";
import { nodeId } from "../../base/ids.ts";
import type { GrpcTransport } from "../../transport/grpc.ts";
import { MemberKind, type MemberRecord } from "../../wire/gen/fleet/v1/command.ts";
import type { RaftServer } from "../../wire/gen/fleet/v1/raft.ts";
import { type Identity, identityOf } from "../../wire/identity.ts";
import { type RpcError, rpcError } from "../../wire/rpc-error.ts";
import type { Wanted } from "../readmission.ts";
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
  const mayReplicate = (caller: Identity | null) =>
    context.tls === "insecure-loopback" || caller?.kind === "replica";
  const refused = () =>
    rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", "only replicas may replicate");
  return {
    exchange: (call) => {
      // Once a stream: reading a certificate costs more than taking a frame in, and a connection keeps its own.
      const caller = identityOf(call, context.tls);
      if (!mayReplicate(caller)) {
        call.emit("error", refused());
        return;
      }
      streams.exchange(call);
      // Checked with every frame: the caller may be removed while its stream is open, and has to be told.
      call.on("data", () => {
        const row = removedRow(context, caller);
        if (row !== null) call.emit("error", removed(row.name));
      });
    },
    installSnapshot: (call, callback) => {
      if (mayReplicate(identityOf(call, context.tls))) streams.installSnapshot(call, callback);
      else callback(refused());
    },
    rejoin: handler(context, replicasOnly, async (request, caller) => {
      const isSelf = caller.identity.kind === "replica" && caller.identity.id === request.nodeId;
      if (!isSelf) {
        throw rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", "a replica may ask for itself only");
      }
      if (request.clusterId !== context.clusterId) {
        const message = `this is cluster ${context.clusterId}, not ${request.clusterId}`;
        throw rpcError(status.PERMISSION_DENIED, "CLUSTER_MISMATCH", message);
      }
      await assertLeads(context, caller);
      const wanted = wantedOf(context, request.nodeId);
      // Who is being removed still has its row for a moment, and must not be let in again meanwhile.
      if (context.changes.isBusy) return { voter: false, learnerAt: 0, staysLearner: false };
      const holding = request.whole ? "whole" : request.restored ? "part" : "nothing";
      const readmission = replica.readmit(nodeId(request.nodeId), holding, wanted);
      const { at = 0, stays = false } = readmission.kind === "learner" ? readmission : {};
      return { voter: readmission.kind === "voter", learnerAt: at, staysLearner: stays };
    }),
  };
}

function removedRow({ machine }: ServiceContext, caller: Identity | null): Readonly<MemberRecord> | null {
  const row = caller?.kind === "replica" ? machine.view.tables.members.get(caller.id) : undefined;
  return row?.wanted === MemberKind.REMOVED ? row : null;
}

/** What the members' table wants a replica to be; throws when it is not to take part at all. */
function wantedOf({ machine, replicas }: ServiceContext, id: number): Wanted {
  const row = machine.view.tables.members.get(id);
  const isGiven = machine.view.tables.members.size === 0 && replicas.some((known) => known.id === id);
  if (row === undefined && isGiven) return "voter";
  if (row === undefined) {
    const message = `no member has the number ${id}; add it with: fleet member add`;
    throw rpcError(status.PERMISSION_DENIED, "MEMBER_UNKNOWN", message);
  }
  if (row.wanted === MemberKind.REMOVED) throw removed(row.name);
  return row.wanted === MemberKind.LEARNER ? "learner" : "voter";
}

function removed(name: string): RpcError {
  return rpcError(status.PERMISSION_DENIED, "MEMBER_REMOVED", `${name} was removed from the fleet`);
}
