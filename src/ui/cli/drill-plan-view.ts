// How a game day is shown: a line a step.
import type { PlanReport } from "../../client/drill/run-plan.ts";
import type { TextView } from "./view.ts";

export const planView: TextView<PlanReport> = {
  kind: "DrillPlan",
  text: ({ plan, steps, verdict }, { paint, symbols }) => {
    const judged = (isGood: boolean, text: string) => {
      const mark = isGood ? "good" : "bad";
      return paint.mark(mark, `${symbols.marks[mark]} ${text}`);
    };
    return [
      plan,
      ...steps.flatMap(({ step, drill, runs }) => {
        const failed = runs.filter((run) => run.verdict === "fail");
        const proof = failed.flatMap(({ observed, linearizability, gates }) => [
          ...gates
            .filter(({ passed }) => !passed)
            .map(({ name, actual, limit }) => `${name}: ${actual ?? "not seen"}, at most ${limit}`),
          ...observed.evidence,
          ...linearizability.evidence,
        ]);
        const words = `step ${step}  ${drill}: ${runs.length - failed.length} of ${runs.length} passed`;
        return [judged(failed.length === 0, words), ...proof.map((line) => `    ${line}`)];
      }),
      judged(verdict === "pass", `verdict: ${verdict}`),
    ];
  },
  name: ({ verdict }) => verdict,
};
