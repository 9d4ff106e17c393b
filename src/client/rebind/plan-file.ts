// Plans as YAML files: reads them and names every problem, and writes them for people to read and edit.

import { access } from "node:fs/promises";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isName } from "../../core/base/ids.ts";
import { parsePlan } from "../../core/rebind/parse-plan.ts";
import type { RebindPlan } from "../../core/rebind/plan.ts";
import type { WavePlan } from "../../core/rebind/waves/wave-plan.ts";
import { readYaml } from "../../core/wire/files/yaml-text.ts";
import { readInputOrSay } from "../files/read-input.ts";
import { safeYaml } from "../safe-yaml.ts";

/** Throws PLAN_MISSING or PLAN_INVALID. */
export async function readPlan(path: string): Promise<RebindPlan | WavePlan> {
  const text = String(
    await readInputOrSay(path, {
      code: "PLAN_MISSING",
      what: `the plan ${path} cannot be read`,
      next: "make one with: fleet rebind plan",
    }),
  );
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

/** What the file says; a text that names no file is taken to be a plan's name in the fleet. */
export async function readPlanOrName(text: string): Promise<RebindPlan | WavePlan | string> {
  if (text === "-" || !isName(text)) return await readPlan(text);
  const isFile = await access(text).then(
    () => true,
    () => false,
  );
  return isFile ? await readPlan(text) : text;
}

export function formatPlan(plan: RebindPlan | WavePlan): string {
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
