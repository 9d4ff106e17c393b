// Plans as YAML files: reads them and names every problem, and writes them for people to read and edit.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { parsePlan } from "../../core/rebind/parse-plan.ts";
import type { RebindPlan } from "../../core/rebind/plan.ts";
import { readYaml } from "../../core/wire/files/yaml-text.ts";
import { readInput } from "../files/read-input.ts";
import { safeYaml } from "../safe-yaml.ts";

/** Throws PLAN_MISSING or PLAN_INVALID. */
export async function readPlan(path: string): Promise<RebindPlan> {
  const text = await readInput(path).catch((cause: unknown) => {
    throw new OperatorError("PLAN_MISSING", {
      what: `the plan ${path} cannot be read`,
      why: cause instanceof Error ? cause.message : String(cause),
      next: "make one with: fleet rebind plan",
      exit: Exit.NotFound,
      cause,
    });
  });
  const read = readYaml(text);
  if (!read.ok) throw invalid(path, [read.why]);
  const parsed = parsePlan(read.value);
  if (!parsed.ok)
    throw invalid(
      path,
      parsed.problems.map((problem) => `${problem.path} ${problem.what}`.trim()),
    );
  return parsed.plan;
}

export function formatPlan(plan: RebindPlan): string {
  return safeYaml(plan);
}

function invalid(path: string, problems: readonly string[]): OperatorError {
  return new OperatorError("PLAN_INVALID", {
    what: `${path} is not a plan`,
    why: problems.join("; "),
    next: "correct it, or make a new one with: fleet rebind plan",
    exit: Exit.Usage,
  });
}
