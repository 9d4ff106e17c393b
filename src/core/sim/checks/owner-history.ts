// What clients that contend for one cluster were answered, put to the linearizability checker at the end of a run. The
// owner is a register that each migration changes by compare-and-set. Unlike the witness of the other checks it knows
// nothing of logs and indexes. A sample: one cluster, in some of the runs.

import { explain } from "../../check/explain.ts";
import { HistoryRecorder } from "../../check/history-recorder.ts";
import { type RegisterInput, type RegisterOutput, register } from "../../check/models/register.ts";
import { checkLinearizability } from "../../check/verdict.ts";
import { check } from "../violation.ts";

/** Steps of the search: hundreds of times what a run's history takes, so that no run takes long. */
const STEPS_MAX = 100_000;

export class OwnerHistory {
  readonly recorder = new HistoryRecorder<RegisterInput, RegisterOutput>();

  get length(): number {
    return this.recorder.history().length;
  }

  /** Whether the history could be judged within the budget. */
  judge(): boolean {
    const verdict = checkLinearizability(register, this.recorder.history(), STEPS_MAX);
    check(verdict.kind !== "not-linearizable", "linearizability", () => {
      return verdict.kind === "not-linearizable" ? explain(register, verdict.evidence).join("\n  ") : "";
    });
    return verdict.kind === "linearizable";
  }
}
