// A leader's answer to a shard's report: which clusters it should release, take again or forget, and its
// instructions about domains. What must stay true: each instruction is from one moment of the tables, however
// many slices the answer takes.

import { instructionsOf } from "../../fleet/apply/apply-instruction.ts";
import { listMembers } from "../../fleet/query.ts";
import type { Slicing } from "../../fleet/slices.ts";
import {
  type Instruction,
  InstructionOutcome,
  MemberKind,
  ShardState,
} from "../../wire/gen/fleet/v1/command.ts";
import type {
  BindingInstruction,
  ReportShardRequest,
  ReportShardResponse,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import { COORDINATORS_MAX } from "../../wire/leader/known-coordinators.ts";
import { ROWS_PER_SLICE } from "../../wire/server/sliced-message.ts";
import type { ServiceContext } from "../calls/context.ts";
import { ownIncarnation } from "../calls/other-incarnation.ts";
import { type DeclaredBindings, instructionsFor, unreportedAcceptances } from "../reports/instructions.ts";
import { revocationsVersion } from "../revocation/deny-by-table.ts";
import { nobodysBut } from "./sight.ts";

// Keeps an answer well below the message limit; the rest follows with the answers to the next reports.
const INSTRUCTIONS_PER_ANSWER = 4_096;

export type Told = Pick<ReportShardResponse, "askDomains"> & { readonly firstContactsRefused: number };

/** For the report's rows. */
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

/** The parts that are made at once, besides `instructions`. */
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
    coordinators: presentCoordinators(context),
  };
}

/** Those of the command line before the table of members has rows. */
function presentCoordinators({ machine, replicas }: ServiceContext): string[] {
  const members = listMembers(machine.view).filter(({ wanted }) => wanted !== MemberKind.REMOVED);
  const present = members.length === 0 ? replicas : members;
  return present.slice(0, COORDINATORS_MAX).map(({ address }) => address);
}

function pendingInstructions({ machine }: ServiceContext, shardId: string): Instruction[] {
  const pending: Instruction[] = [];
  for (const row of instructionsOf(machine.view, shardId)) {
    if (row.outcome === InstructionOutcome.UNSPECIFIED) pending.push(row);
    if (pending.length === INSTRUCTIONS_PER_ANSWER) break;
  }
  return pending;
}
