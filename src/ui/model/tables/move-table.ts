// One row per move of a rebind: its result, or its next step.
import type { Mark, Table } from "../table.ts";

/** The client's report of one move. */
export interface MoveRow {
  readonly cluster: string;
  readonly from: string;
  readonly to: string;
  readonly migrationId: string;
  readonly result: "done" | "blocked" | "failed" | "timed-out" | "not-started";
  readonly step: string;
  readonly why: string;
}

const MARKS: Readonly<Record<MoveRow["result"], Mark>> = {
  done: "good",
  blocked: "bad",
  failed: "bad",
  "timed-out": "warn",
  "not-started": "unknown",
};

export const moveTable: Table<MoveRow> = {
  rowName: (move) => move.cluster,
  columns: [
    { name: "cluster", header: "CLUSTER", value: (move) => move.cluster },
    { name: "from", header: "FROM", value: (move) => move.from },
    { name: "to", header: "TO", value: (move) => move.to },
    { name: "result", header: "RESULT", value: (move) => ({ text: move.result, mark: MARKS[move.result] }) },
    { name: "step", header: "STEP", value: (move) => move.step },
    { name: "why", header: "WHY", value: (move) => move.why || null },
    { name: "migration", header: "MIGRATION", value: (move) => move.migrationId, wide: true },
  ],
};
