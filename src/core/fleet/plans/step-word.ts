// The names of a plan's and a step's states in facts. Part of the format: another word needs the next
// cluster version.

import { PlanState, PlanStepState } from "../../wire/gen/fleet/v1/command.ts";

export function stepWord(state: PlanStepState): string {
  switch (state) {
    case PlanStepState.PENDING:
      return "pending";
    case PlanStepState.UNDER_WAY:
      return "under-way";
    case PlanStepState.DONE:
      return "done";
    case PlanStepState.FAILED:
      return "failed";
    case PlanStepState.UNDOING:
      return "undoing";
    case PlanStepState.UNDONE:
      return "undone";
    case PlanStepState.UNSPECIFIED:
    case PlanStepState.UNRECOGNIZED:
      return "unknown";
  }
}

export function planWord(state: PlanState): string {
  switch (state) {
    case PlanState.DRAFT:
      return "draft";
    case PlanState.RUNNING:
      return "running";
    case PlanState.PAUSED:
      return "paused";
    case PlanState.DONE:
      return "done";
    case PlanState.ABORTED:
      return "aborted";
    case PlanState.ROLLED_BACK:
      return "rolled-back";
    case PlanState.UNSPECIFIED:
    case PlanState.UNRECOGNIZED:
      return "unknown";
  }
}
