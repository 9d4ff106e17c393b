// A shard's report to the leader: registers the shard, declares clusters at first contact (first wins), remembers
// what was observed, and answers with what the shard should release or take back.

import { status } from "@grpc/grpc-js";
import { instructionsOf } from "../../fleet/apply-instruction.ts";
import { isEnabled } from "../../fleet/feature-gates.ts";
import { INSTRUCTION_ACKS_MAX } from "../../fleet/limits.ts";
import { instructionKey } from "../../fleet/schema.ts";
import {
  type Instruction,
  InstructionOutcome,
  type Operation,
  type ShardRecord,
} from "../../wire/gen/fleet/v1/command.ts";
import type { ReportShardRequest, ReportShardResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../wire/gen/fleet/v1/views.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { instructionsFor } from "../instructions.ts";
import type { ServiceContext } from "./context.ts";
import type { Caller } from "./handler.ts";
import { reconcileDomains } from "./reconcile-domains.ts";
import { notLeader, rejectionError } from "./refusals.ts";
import { propose } from "./submit.ts";

// An answer stays well below the message limit; what is left comes with the answers to the next reports.
const INSTRUCTIONS_PER_ANSWER = 4_096;

export async function reportShard(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
): Promise<ReportShardResponse> {
  try {
    return await answerReport(context, request, caller);
  } finally {
    letGoOf(request);
  }
}

// Node lets the objects of an HTTP/2 stream go at a full garbage collection only, and with them the call and its request:
// of a report 45 kB, which would be most of the garbage that a leader's heap has to have room for.
function letGoOf(request: ReportShardRequest): void {
  request.bindings = [];
  request.shortfalls = [];
  request.acks = [];
  request.heldDomains = undefined;
}

async function answerReport(
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
  await settleInstructions(context, request, caller);
  const askDomains = await reconcileDomains(context, request);
  await declareFirstContacts(context, request, caller);
  const { bindings, shards } = context.machine.view.tables;
  const instructions = instructionsFor(request.shardId, request.bindings, {
    binding: (clusterId) => bindings.get(clusterId),
    shardAddress: (shardId) => shards.get(shardId)?.address ?? "",
  });
  const domainInstructions = pendingInstructions(context, request.shardId);
  return { coordinatorTerm: context.driver.status().term, instructions, domainInstructions, askDomains };
}

async function register(context: ServiceContext, request: ReportShardRequest, caller: Caller): Promise<void> {
  const { shardId, address, epoch, region, zone } = request;
  const known = context.machine.view.tables.shards.get(shardId);
  if (known !== undefined && isSamePlace(known, request)) return;
  const value = { shardId, address, epoch, region, zone };
  const operation: Operation = { kind: { $case: "registerShard", value } };
  const { result } = await write(context, caller, operation, "shard's report");
  if (result.result?.$case === "rejected") throw rejectionError(result.result.value);
}

// A shard repeats its answers until a report was taken; only what is still open is worth an entry in the log.
async function settleInstructions(
  context: ServiceContext,
  { shardId, acks }: ReportShardRequest,
  caller: Caller,
): Promise<void> {
  const { instructions } = context.machine.view.tables;
  const open = acks.filter((ack) => {
    // The shard goes by a newer one: the row stays as it is, and an entry would only say so.
    if (ack.outcome === InstructionOutcome.REJECTED_STALE) return false;
    const row = instructions.get(instructionKey(shardId, ack.key, ack.value));
    return row?.sequence === ack.sequence && row.outcome === InstructionOutcome.UNSPECIFIED;
  });
  for (let at = 0; at < open.length; at += INSTRUCTION_ACKS_MAX) {
    const value = { shardId, acks: open.slice(at, at + INSTRUCTION_ACKS_MAX) };
    await write(context, caller, { kind: { $case: "settleInstructions", value } }, "shard's answers");
  }
}

function pendingInstructions({ machine }: ServiceContext, shardId: string): Instruction[] {
  const pending: Instruction[] = [];
  for (const row of instructionsOf(machine.view, shardId)) {
    if (row.outcome === InstructionOutcome.UNSPECIFIED) pending.push(row);
    if (pending.length === INSTRUCTIONS_PER_ANSWER) break;
  }
  return pending;
}

// A lost race for a cluster is no failure of the report: the loser's session is shown as drift.
async function declareFirstContacts(
  context: ServiceContext,
  request: ReportShardRequest,
  caller: Caller,
): Promise<void> {
  if (!isEnabled(context.machine.view, "first-contact")) return;
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

function isSamePlace(known: Readonly<ShardRecord>, report: ReportShardRequest): boolean {
  return (["address", "epoch", "region", "zone"] as const).every((field) => known[field] === report[field]);
}
