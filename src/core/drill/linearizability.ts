// Whether the answers to a drill's clients about its registers can have happened in one order, one thing at a time
// (Herlihy & Wing 1990). Three answers: a history that the budget was not enough for is not known to be either, and one
// without a single answer shows nothing.

import { explain } from "../check/explain.ts";
import { completedOf, openOf } from "../check/history.ts";
import { registers } from "../check/models/registers.ts";
import { checkLinearizability } from "../check/verdict.ts";
import { type HistoryEvent, historyOf } from "./register-history.ts";

export interface Linearizability {
  readonly verdict: "yes" | "no" | "unknown";
  readonly operations: number;
  readonly outcomesUnknown: number;
  /** Steps of the model that the decision took. */
  readonly steps: number;
  /** For "no": the smallest prefix of the history that contradicts itself, as lines for people. */
  readonly evidence: readonly string[];
}

export function judgeHistory(events: readonly HistoryEvent[], stepsMax?: number): Linearizability {
  const history = historyOf(events);
  const counts = { operations: history.length, outcomesUnknown: openOf(history).length };
  if (completedOf(history).length === 0) return { verdict: "unknown", ...counts, steps: 0, evidence: [] };
  const found = checkLinearizability(registers, history, stepsMax);
  const { steps } = found;
  switch (found.kind) {
    case "linearizable":
      return { verdict: "yes", ...counts, steps, evidence: [] };
    case "unknown":
      return { verdict: "unknown", ...counts, steps, evidence: [] };
    case "not-linearizable":
      return { verdict: "no", ...counts, steps, evidence: explain(registers, found.evidence) };
  }
}
