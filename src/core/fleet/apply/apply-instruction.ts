// Instructions to shards about domains. An instruction is a row until its shard has accepted it, so it
// survives a failover. For each shard and domain there is at most one, the newest; a shard never needs an
// older one.

import {
  type Instruction,
  type InstructionAck,
  InstructionKind,
  InstructionOutcome,
  type SettleInstructions,
} from "../../wire/gen/fleet/v1/command.ts";
import { DETAIL_BYTES_MAX, INSTRUCTION_ACKS_MAX } from "../limits.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import { bySlices, type Slicing } from "../slices.ts";
import type { FleetState, FleetView } from "../state.ts";
import { domainKey, instructionKey } from "../tables/schema.ts";
import { shortened } from "../validate.ts";

interface Wanted {
  readonly shardId: string;
  readonly key: string;
  readonly value: string;
  readonly kind: InstructionKind;
  /** Distinguishes the instructions of one log entry. */
  readonly ordinal: number;
  /**
   * The sequence that the shard has obeyed for this domain, if it is known: the new instruction gets a higher
   * one.
   */
  readonly obeyed?: number;
}

export function instruct(state: FleetState, context: ApplyContext, wanted: Wanted): void {
  const { shardId, key, value, kind, ordinal, obeyed = 0 } = wanted;
  state.tables.instructions.put({
    shardId,
    key,
    value,
    kind,
    sequence: Math.max(context.index, obeyed + 1),
    instructionId: `${context.index}.${ordinal}`,
    sinceMs: context.atMs,
    outcome: InstructionOutcome.UNSPECIFIED,
    detail: "",
  });
}

/** Applies a shard's answers. Answers to instructions that are gone or were replaced change nothing. */
export function* settleInstructions(
  state: FleetState,
  context: ApplyContext,
  { shardId, acks }: SettleInstructions,
): Slicing<Result> {
  if (acks.length > INSTRUCTION_ACKS_MAX) {
    return rejected("TOO_MANY_ACKS", { limit: INSTRUCTION_ACKS_MAX });
  }
  let settled = 0;
  yield* bySlices(acks, context.rowsPerSlice, (ack) => {
    const row = state.tables.instructions.get(instructionKey(shardId, ack.key, ack.value));
    if (row === undefined || row.sequence !== ack.sequence || row.outcome === ack.outcome) return;
    if (settle(state, context, row, ack)) settled += 1;
  });
  return settled > 0 ? changed(settled) : unchanged(0);
}

/** Whether the shard has refused the domain's newest instruction, or failed to carry it out. */
export function hasFailed(view: FleetView, shardId: string, key: string, value: string): boolean {
  const row = view.tables.instructions.get(instructionKey(shardId, key, value));
  return row !== undefined && row.outcome !== InstructionOutcome.UNSPECIFIED;
}

/** The shard's instructions by domain, failed ones included. */
export function* instructionsOf(view: FleetView, shardId: string): Iterable<Readonly<Instruction>> {
  for (const row of view.tables.instructions.rows(instructionKey(shardId, "", ""))) {
    if (row.shardId !== shardId) return;
    yield row;
  }
}

/** Returns whether that changed anything. */
function settle(
  state: FleetState,
  context: ApplyContext,
  row: Readonly<Instruction>,
  ack: InstructionAck,
): boolean {
  const { instructions } = state.tables;
  switch (ack.outcome) {
    case InstructionOutcome.ACCEPTED:
      instructions.remove(instructionKey(row.shardId, row.key, row.value));
      confirm(state, context, row);
      return true;
    // A shard that obeys a newer term or sequence: the present leader sends the instruction again.
    case InstructionOutcome.REJECTED_STALE:
    case InstructionOutcome.UNSPECIFIED:
    case InstructionOutcome.UNRECOGNIZED:
      return false;
    case InstructionOutcome.REJECTED_INVALID:
    case InstructionOutcome.FAILED:
      instructions.put({ ...row, outcome: ack.outcome, detail: shortened(ack.detail, DETAIL_BYTES_MAX) });
      return true;
  }
}

function confirm({ tables }: FleetState, context: ApplyContext, row: Readonly<Instruction>): void {
  if (row.kind !== InstructionKind.ASSIGN_DOMAIN) return;
  const domain = tables.domains.get(domainKey(row.key, row.value));
  if (domain?.shardId === row.shardId) tables.domains.put({ ...domain, confirmedAtMs: context.atMs });
}
