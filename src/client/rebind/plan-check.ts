// What a plan comes to before it is applied: what it would do, and what of it no longer fits. Pure.
// What must stay true: a plan that does not fit moves nothing, unless its operator asks for the rest of it.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { NextStep } from "../../core/rebind/next-step.ts";
import type { Move, RebindPlan } from "../../core/rebind/plan.ts";

const SHOWN = 5;

export interface StaleMove {
  readonly cluster: string;
  /** Begins with its reason's code. */
  readonly why: string;
}

/** `steps`: what comes next of each move, in the plan's order. */
export function planSummary(
  plan: RebindPlan,
  steps: readonly NextStep[],
): { readonly stale: readonly StaleMove[]; readonly summary: string } {
  const stale = plan.moves.flatMap(({ cluster }, at): StaleMove[] => {
    const step = steps[at];
    return step?.step === "blocked" ? [{ cluster, why: `${step.reason}: ${step.why}` }] : [];
  });
  const done = steps.filter(({ step }) => step === "done").length;
  const due = plan.moves.filter((_, at) => steps[at]?.step !== "done" && steps[at]?.step !== "blocked");
  const domains = plan.domains?.length ?? 0;
  const parts = [
    `${due.length} of ${plan.moves.length} clusters to move${routes(due)}`,
    ...(done === 0 ? [] : [`${done} done already`]),
    ...(stale.length === 0 ? [] : [`${stale.length} left out, since they no longer fit`]),
    ...(domains === 0 ? [] : [`${domains} domains`]),
  ];
  return { stale, summary: `plan ${plan.name}: ${parts.join("; ")}` };
}

function routes(moves: readonly Move[]): string {
  const counts = new Map<string, number>();
  for (const { from, to } of moves) counts.set(`${from} to ${to}`, (counts.get(`${from} to ${to}`) ?? 0) + 1);
  const shown = [...counts].slice(0, SHOWN).map(([route, count]) => `${count} from ${route}`);
  const rest = counts.size > SHOWN ? [`${counts.size - SHOWN} more routes`] : [];
  return counts.size === 0 ? "" : ` (${[...shown, ...rest].join(", ")})`;
}

export function stalePlan(plan: RebindPlan, stale: readonly StaleMove[]): OperatorError {
  const rest = stale.length > SHOWN ? `; and ${stale.length - SHOWN} more` : "";
  return new OperatorError("PLAN_STALE", {
    what: `plan ${plan.name} no longer fits: ${stale.length} of its ${plan.moves.length} moves; nothing was changed`,
    why:
      stale
        .slice(0, SHOWN)
        .map(({ cluster, why }) => `${cluster}: ${why}`)
        .join("; ") + rest,
    next: "make a new plan with: fleet rebind plan, or apply what still fits with --partial",
    exit: Exit.Precondition,
  });
}
