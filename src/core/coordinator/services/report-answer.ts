// What a leader answers a shard's report: what it should release, take back or forget, and what it was told of domains. What must
// stay true: each instruction is of one moment of the tables, however many slices the answer is made in.

import { instructionsOf } from "../../fleet/apply/apply-instruction.ts";
import type { Slicing } from "../../fleet/slices.ts";
import { type Instruction, InstructionOutcome, ShardState } from "../../wire/gen/fleet/v1/command.ts";
import type {
  BindingInstruction,
  ReportShardRequest,
  ReportShardResponse,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { ROWS_PER_SLICE } from "../../wire/server/sliced-message.ts";
import type { ServiceContext } from "../calls/context.ts";
import { ownIncarnation } from "../calls/other-incarnation.ts";
import { type DeclaredBindings, instructionsFor, unreportedAcceptances } from "../reports/instructions.ts";
import { revocationsVersion } from "../revocation/deny-by-table.ts";
import { nobodysBut } from "./sight.ts";

// An answer stays well below the message limit; what is left comes with the answers to the next reports.
const INSTRUCTIONS_PER_ANSWER = 4_096;

export type Told = Pick<ReportShardResponse, "askDomains"> & { readonly firstContactsRefused: number };

/** Of its rows. */
export function* bindingInstructions(
  context: ServiceContext,
  { shardId, bindings }: ReportShardRequest,
): Slicing<BindingInstruction[]> {
  const instructions: BindingInstruction[] = [];
  for (let at = 0; at < bindings.length; at += ROWS_PER_SLICE) {
    if (at > 0) yield;
    const rows = bindings.slice(at, at + ROWS_PER_SLICE);
    instructions.push(...instructionsFor(shardId, rows, declaredNow(context, shardId)));
  }
  return instructions;
}

function declaredNow(context: ServiceContext, reporter: string): DeclaredBindings {
  const { view } = context.machine;
  const { bindings, shards } = view.tables;
  return {
    binding: (clusterId) => bindings.get(clusterId),
    shardAddress: (shardId) => shards.get(shardId)?.address ?? "",
    appliedIndex: view.appliedIndex,
    isNobodysBut: nobodysBut(context, reporter),
  };
}

/** All that is told at once, beside `instructions`. */
export function answerOf(
  context: ServiceContext,
  { shardId, bindings: reported }: ReportShardRequest,
  instructions: BindingInstruction[],
  { askDomains, firstContactsRefused }: Told,
): ReportShardResponse {
  const { counts, view } = context.machine;
  const { bindings, shards } = view.tables;
  const { state, givingUp } = shards.get(shardId) ?? {};
  const draining = state === ShardState.DRAINING;
  if (draining) {
    const declared = {
      count: counts.clusters.get(shardId) ?? 0,
      binding: (clusterId: string) => bindings.get(clusterId),
      own: () => bindings.rowsOf(shardId),
    };
    instructions.push(...unreportedAcceptances(shardId, reported, declared));
  }
  const { term } = context.driver;
  return {
    ...{ coordinatorTerm: term, incarnation: ownIncarnation(context), giveUp: givingUp },
    ...{ instructions, domainInstructions: pendingInstructions(context, shardId), draining, askDomains },
    firstContactsRefused: firstContactsRefused || undefined,
    denyListVersion: revocationsVersion(view),
  };
}

function pendingInstructions({ machine }: ServiceContext, shardId: string): Instruction[] {
  const pending: Instruction[] = [];
  for (const row of instructionsOf(machine.view, shardId)) {
    if (row.outcome === InstructionOutcome.UNSPECIFIED) pending.push(row);
    if (pending.length === INSTRUCTIONS_PER_ANSWER) break;
  }
  return pending;
}
