// One row per domain and shard with an instruction that the shard has not accepted yet, or has refused.
import type { Instruction } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { Cell, Table } from "../table.ts";
import { instructionOutcomeWord, instructionWord } from "../words.ts";

/** An instruction as documents show it: there `kind` is the name of a document. */
export interface InstructionRow extends Omit<Instruction, "kind"> {
  readonly action: string;
}

export function instructionRow({ kind, ...row }: Instruction): InstructionRow {
  return { ...row, action: instructionWord(kind) };
}

export const instructionTable: Table<InstructionRow> = {
  rowName: (row) => row.instructionId,
  columns: [
    { name: "shard", header: "SHARD", value: (row) => row.shardId },
    { name: "action", header: "ACTION", value: (row) => row.action },
    { name: "domain", header: "DOMAIN", value: (row) => `${row.key}=${row.value}` },
    { name: "outcome", header: "OUTCOME", value: outcomeCell },
    { name: "detail", header: "DETAIL", value: (row) => row.detail || null },
    { name: "since", header: "SINCE", value: (row) => ({ atMs: row.sinceMs }) },
    { name: "id", header: "ID", value: (row) => row.instructionId, wide: true },
  ],
};

function outcomeCell({ outcome }: InstructionRow): Cell {
  const text = instructionOutcomeWord(outcome);
  return { text, mark: text === "pending" ? "warn" : "bad" };
}
