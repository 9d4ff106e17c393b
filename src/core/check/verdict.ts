// Whether a history is linearizable (Herlihy & Wing 1990) with respect to a model. The answer is yes, no with evidence,
// or unknown because the budget was too small. Deliberately absent: how histories are recorded and how a verdict is
// shown (explain.ts).

import { assert } from "../base/assert.ts";
import { type Evidence, findEvidence, type Violation } from "./evidence.ts";
import type { History } from "./history.ts";
import type { Model } from "./model.ts";
import { partition } from "./partition.ts";
import { search } from "./search.ts";

/** `steps`: the model's steps that the decision took, without those for the evidence. */
export type Verdict<State, Input, Output> =
  | { readonly kind: "linearizable"; readonly steps: number }
  | {
      readonly kind: "not-linearizable";
      readonly evidence: Evidence<State, Input, Output>;
      readonly steps: number;
    }
  | { readonly kind: "unknown"; readonly steps: number };

/** Steps of the model for each search. The real histories that we know take some thousands. */
const STEPS_MAX_DEFAULT = 1_000_000;

/**
 * `stepsMax` bounds the search of each part, and each of the few searches that narrow the evidence. A violation
 * in one part decides, even if another part's budget was exhausted.
 */
export function checkLinearizability<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  stepsMax: number = STEPS_MAX_DEFAULT,
): Verdict<State, Input, Output> {
  assert(stepsMax >= 0, "a budget is not negative");
  const violations: Violation<State, Input, Output>[] = [];
  let steps = 0;
  let isUnknown = false;
  for (const part of partition(model, history)) {
    const result = search(model, part.history, stepsMax);
    steps += result.steps;
    switch (result.kind) {
      case "linearizable":
        break;
      case "unknown":
        isUnknown = true;
        break;
      case "not-linearizable":
        violations.push({ part, deadEnd: result.deadEnd });
        break;
    }
  }
  const [first, ...others] = violations;
  if (first === undefined) return { kind: isUnknown ? "unknown" : "linearizable", steps };
  const evidence = findEvidence(model, [first, ...others], stepsMax);
  return { kind: "not-linearizable", evidence, steps };
}
