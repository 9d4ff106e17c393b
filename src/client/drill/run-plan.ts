// Runs a game day step by step. What must stay true: after each run the progress is durable, so that an interrupted game day
// resumes behind the last run that ended. Another plan's progress is never taken for it: the text's hash is its name.

import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createDirectoryDurably, writeFileDurably } from "../../core/base/durable-file.ts";
import type { DrillReport } from "../../core/drill/report.ts";
import type { DrillPlan, PlanStep } from "./plan-file.ts";

export interface PlanReport {
  readonly plan: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly steps: readonly StepReport[];
  readonly verdict: "pass" | "fail";
}

interface StepReport {
  /** From 1, as in the plan, pauses counted. */
  readonly step: number;
  readonly drill: string;
  readonly runs: readonly DrillReport[];
}

interface Progress {
  readonly startedAt: string;
  readonly steps: readonly StepReport[];
}

export class PlanProgress {
  readonly #path: string;
  #progress: Progress;

  private constructor(path: string, progress: Progress) {
    this.#path = path;
    this.#progress = progress;
  }

  /** What is there of this very plan; a fresh one if nothing is, or `restart` is asked for. */
  static async open(folder: string, text: string, restart: boolean): Promise<PlanProgress> {
    await createDirectoryDurably(folder);
    const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
    const path = join(folder, `plan-${hash}.progress.json`);
    const found = restart ? null : parse(await readFile(path, "utf8").catch(() => ""));
    return new PlanProgress(path, found ?? { startedAt: new Date().toISOString(), steps: [] });
  }

  get startedAt(): string {
    return this.#progress.startedAt;
  }

  get steps(): readonly StepReport[] {
    return this.#progress.steps;
  }

  /** How many runs of the step have ended. */
  done(step: number): number {
    return this.steps.find((each) => each.step === step)?.runs.length ?? 0;
  }

  async add(step: number, drill: string, report: DrillReport): Promise<void> {
    const before = this.steps.find((each) => each.step === step)?.runs ?? [];
    const others = this.steps.filter((each) => each.step !== step);
    const steps = [...others, { step, drill, runs: [...before, report] }].toSorted((a, b) => a.step - b.step);
    this.#progress = { ...this.#progress, steps };
    await writeFileDurably(this.#path, Buffer.from(JSON.stringify(this.#progress)));
  }

  async end(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

interface PlanActs {
  readonly drill: (step: Extract<PlanStep, { kind: "drill" }>) => Promise<DrillReport>;
  readonly pause: (ms: number) => Promise<void>;
  readonly onStep: (words: string) => void;
}

/** Throws what a drill throws; the progress stays, and the plan can be resumed. */
export async function runPlan(plan: DrillPlan, progress: PlanProgress, acts: PlanActs): Promise<PlanReport> {
  for (const [at, step] of plan.steps.entries()) {
    const number = at + 1;
    const later = plan.steps.slice(number).some((_, behind) => progress.done(number + behind + 1) > 0);
    if (step.kind === "pause") {
      // One that lies behind the last run was waited for already.
      if (later) continue;
      acts.onStep(`step ${number}: pause of ${step.ms / 1_000} s`);
      await acts.pause(step.ms);
      continue;
    }
    for (let run = progress.done(number) + 1; run <= step.runs; run += 1) {
      acts.onStep(`step ${number}: ${step.spec.name}, run ${run} of ${step.runs}`);
      await progress.add(number, step.spec.name, await acts.drill(step));
    }
    const isFailed = progress.steps.some((each) => each.step === number && each.runs.some(hasFailed));
    if (isFailed && plan.stopsOnFailure) break;
  }
  const wanted = plan.steps.filter(({ kind }) => kind === "drill").length;
  const isPassed =
    progress.steps.length === wanted && !progress.steps.some(({ runs }) => runs.some(hasFailed));
  await progress.end();
  const { startedAt, steps } = progress;
  return { plan: plan.name, startedAt, steps, verdict: isPassed ? "pass" : "fail" };
}

const hasFailed = ({ verdict }: DrillReport): boolean => verdict === "fail";

function parse(text: string): Progress | null {
  try {
    const found: Progress = JSON.parse(text);
    const isWhole =
      typeof found.startedAt === "string" && found.steps.every(({ runs }) => Array.isArray(runs));
    return isWhole ? found : null;
  } catch {
    return null;
  }
}
