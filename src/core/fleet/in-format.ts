// What the state stores of a result: under cluster version 1 that version's words, later only reason and
// facts (ADR-0015).

import { effectsInWords } from "./format-1/effects.ts";
import { inFormat1 } from "./format-1/refusals.ts";
import type { Result } from "./result.ts";

/** `operation`: the name of its field; empty = the command has none. */
export function inFormat(clusterVersion: number, operation: string, result: Result): Result {
  if (clusterVersion >= 2) return result;
  switch (result.$case) {
    case "rejected":
      return { $case: "rejected", value: inFormat1(result.value) };
    case "applied": {
      const { metadata, ...applied } = result.value;
      const summary = effectsInWords(operation, metadata);
      return { $case: "applied", value: { ...applied, summary, metadata: {} } };
    }
  }
}
