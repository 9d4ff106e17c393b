// Plans as YAML files: reads them, and writes them for people to read and edit.

import { access } from "node:fs/promises";
import { Exit } from "../../core/base/errors.ts";
import { isName } from "../../core/base/ids.ts";
import { plan } from "../../core/rebind/parse-plan.ts";
import type { RebindPlan } from "../../core/rebind/plan.ts";
import type { WavePlan } from "../../core/rebind/waves/wave-plan.ts";
import { readConfig } from "../../core/wire/files/read-config.ts";
import { readInputOrSay } from "../files/read-input.ts";
import { safeYaml } from "../safe-yaml.ts";

const INVALID = {
  code: "PLAN_INVALID",
  next: "correct it, or make a new one with: fleet rebind plan",
  exit: Exit.Usage,
};

/** Throws PLAN_MISSING or PLAN_INVALID. */
export async function readPlan(path: string): Promise<RebindPlan | WavePlan> {
  const text = String(
    await readInputOrSay(path, {
      code: "PLAN_MISSING",
      what: `the plan ${path} cannot be read`,
      next: "make one with: fleet rebind plan",
    }),
  );
  return readConfig(path, text, INVALID, plan);
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

export function formatPlan(written: RebindPlan | WavePlan): string {
  return safeYaml(written);
}
