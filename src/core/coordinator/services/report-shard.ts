// A shard's report to the leader: registers the shard, declares clusters at first contact (first wins), remembers
// what was observed, and answers with what the shard should release or take back.

import { status } from "@grpc/grpc-js";
import type { Operation } from "../../wire/gen/fleet/v1/command.ts";
import type { ReportShardRequest, ReportShardResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../wire/gen/fleet/v1/views.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { instructionsFor } from "../instructions.ts";
import type { ServiceContext } from "./context.ts";
import type { Caller } from "./handler.ts";
import { notLeader, rejectionError } from "./refusals.ts";
import { propose } from "./submit.ts";

export async function reportShard(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
): Promise<ReportShardResponse> {
  const { identity } = caller;
  if (identity.kind !== "admin" && !(identity.kind === "shard" && identity.id === request.shardId)) {
    const message = `this certificate may not report as shard ${request.shardId}`;
    throw rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", message);
  }
  if (context.driver.status().role !== "leader") throw notLeader(context);
  await register(context, request, caller);
  context.observed.take(request, context.now());
  await declareFirstContacts(context, request, caller);
  const { bindings, shards } = context.machine.view.tables;
  const instructions = instructionsFor(request.shardId, request.bindings, {
    binding: (clusterId) => bindings.get(clusterId),
    shardAddress: (shardId) => shards.get(shardId)?.address ?? "",
  });
  return { coordinatorTerm: context.driver.status().term, instructions };
}

async function register(context: ServiceContext, request: ReportShardRequest, caller: Caller): Promise<void> {
  const { shardId, address, epoch } = request;
  const known = context.machine.view.tables.shards.get(shardId);
  if (known?.address === address && known.epoch === epoch) return;
  const operation: Operation = { kind: { $case: "registerShard", value: { shardId, address, epoch } } };
  const { result } = await write(context, caller, operation, "shard's report");
  if (result.result?.$case === "rejected") throw rejectionError(result.result.value);
}

// A lost race for a cluster is no failure of the report: the loser's session is shown as drift.
async function declareFirstContacts(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
): Promise<void> {
  const { bindings } = context.machine.view.tables;
  const contacted = request.bindings.filter(
    (row) => row.state === BindingState.BOUND && bindings.get(row.clusterId) === undefined,
  );
  await Promise.all(
    contacted.map(({ clusterId }) => {
      const value = { clusterId, shardId: request.shardId };
      return write(context, caller, { kind: { $case: "bindCluster", value } }, "first contact");
    }),
  );
}

// Outside any session: registering and binding are idempotent.
function write(context: ServiceContext, caller: Caller, operation: Operation, reason: string) {
  return propose(context, caller, operation, { sessionId: 0, sequence: 0, firstOutstanding: 0, reason });
}
