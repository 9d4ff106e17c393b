// One move's steps in this run, and its report at the end. What must stay true: an expected failure ends only
// its own move; a bug ends everything.

import { OperatorError } from "../../core/base/errors.ts";
import { type NextStep, nextStep } from "../../core/rebind/next-step.ts";
import type { Move, RebindPlan } from "../../core/rebind/plan.ts";
import type { Fleet } from "./look.ts";

interface MoveReport extends Move {
  readonly result: "done" | "blocked" | "failed" | "timed-out" | "not-started";
  /** The step that it reached. */
  readonly step: NextStep["step"] | "none";
  /** Why it waits, is blocked or failed; the latter two start with their reason's code. */
  readonly why: string;
}

export interface RebindReport {
  readonly plan: string;
  readonly moves: readonly MoveReport[];
}

export interface RebindOutcome {
  readonly report: RebindReport;
  /** The first failure of a move. */
  readonly error: OperatorError | null;
}

export class Track {
  readonly move: Move;
  step: NextStep | null = null;
  error: OperatorError | null = null;
  hasMovedAgent = false;
  /** Whether any shard showed a session of the cluster at the last read. */
  isServed = false;

  constructor(move: Move) {
    this.move = move;
  }

  get isDone(): boolean {
    return this.error === null && this.step?.step === "done";
  }

  get isFinal(): boolean {
    return this.error !== null || this.step?.step === "done" || this.step?.step === "blocked";
  }

  decide(fleet: Fleet): NextStep {
    const seen = fleet.clusters.get(this.move.cluster) ?? { binding: null, observed: [] };
    const { reporting } = fleet;
    this.isServed = seen.observed.some(({ session }) => session);
    this.step = nextStep(this.move, { ...seen, reporting, agentMoved: this.hasMovedAgent });
    return this.step;
  }

  /** Runs `action`; an expected error ends this move. */
  async guard(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.error = error;
    }
  }
}

export function outcomeOf(plan: RebindPlan, tracks: readonly Track[]): RebindOutcome {
  const error = tracks.find((track) => track.error !== null)?.error ?? null;
  return { report: { plan: plan.name, moves: tracks.map(reportOf) }, error };
}

function reportOf({ move, step, error, isServed }: Track): MoveReport {
  const reached = step?.step ?? "none";
  if (error !== null) {
    return { ...move, result: "failed", step: reached, why: `${error.code}: ${error.parts.what}` };
  }
  if (step === null) {
    return { ...move, result: "not-started", step: reached, why: "a step before it failed" };
  }
  const result = step.step === "done" || step.step === "blocked" ? step.step : "timed-out";
  const mayHaveNoAgent = step.step === "wait-session" && !isServed;
  const why = mayHaveNoAgent ? `${whyOf(step)}; ${withoutAgent(move)}` : whyOf(step);
  return { ...move, result, step: reached, why };
}

// A wait for a missing agent never ends by itself.
function withoutAgent({ cluster }: Move): string {
  return `if it no longer has an agent: fleet cluster unbind ${cluster} --force`;
}

function whyOf(step: NextStep): string {
  if (step.step === "blocked") return `${step.reason}: ${step.why}`;
  return "why" in step ? step.why : "";
}
