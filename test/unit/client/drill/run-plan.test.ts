// A game day: what its file may say, its order, and that it resumes behind the last run that ended.

import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parsePlan } from "../../../../src/client/drill/plan-file.ts";
import { PlanProgress, runPlan } from "../../../../src/client/drill/run-plan.ts";
import type { DrillReport } from "../../../../src/core/drill/report.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";

const TEXT = `
schemaVersion: 1
name: game day
steps:
  - drill: transfer
    runs: 2
    slo: first-write=2s
  - pause: 30s
  - drill: partition
`;

const report = (verdict: "pass" | "fail") => ({ verdict }) as DrillReport;

/** Runs the plan; `verdicts` are those of its runs, null interrupts it. */
async function day(
  where: string,
  verdicts: readonly ("pass" | "fail" | null)[],
  text = TEXT,
  restart = false,
) {
  const said: string[] = [];
  const left = [...verdicts];
  const progress = await PlanProgress.open(where, text, restart);
  const ran = await runPlan(parsePlan("plan.yaml", text), progress, {
    drill: async () => {
      const verdict = left.shift();
      if (verdict === null || verdict === undefined) throw new Error("interrupted");
      return report(verdict);
    },
    pause: async () => undefined,
    onStep: (words) => said.push(words),
  }).catch(() => null);
  return { ran, said };
}

test("a plan takes durations as flags do", () => {
  const { steps } = parsePlan("plan.yaml", TEXT.replace("pause: 30s", "pause: 1m30s"));
  expect(steps).toContainEqual({ kind: "pause", ms: 90_000 });
});

test("drills and pauses run in their order", async () => {
  const where = await temporaryFolder();
  const { ran, said } = await day(where, ["pass", "pass", "pass"]);
  expect(said).toEqual([
    "step 1: transfer, run 1 of 2",
    "step 1: transfer, run 2 of 2",
    "step 2: pause of 30 s",
    "step 3: partition, run 1 of 1",
  ]);
  expect(ran).toMatchObject({ plan: "game day", verdict: "pass", steps: [{ step: 1 }, { step: 3 }] });
  expect(await readdir(where)).toEqual([]);
});

test("an interrupted one resumes behind the last run that ended, and keeps what was measured", async () => {
  const where = await temporaryFolder();
  await day(where, ["pass", null]);
  const { ran, said } = await day(where, ["pass", "pass"]);
  expect(said[0]).toBe("step 1: transfer, run 2 of 2");
  expect(ran?.steps.map(({ runs }) => runs.length)).toEqual([2, 1]);
});

test("a changed plan, and one that is restarted, begin anew", async () => {
  const where = await temporaryFolder();
  await day(where, ["pass", null]);
  expect((await day(where, [null], `${TEXT}\n# changed`)).said).toEqual(["step 1: transfer, run 1 of 2"]);
  expect((await day(where, [null], TEXT, true)).said).toEqual(["step 1: transfer, run 1 of 2"]);
});

test.each([
  { onFailure: "", steps: 1, why: "a failed step ends it" },
  { onFailure: "onFailure: continue\n", steps: 2, why: "unless the plan says otherwise" },
])("$why", async ({ onFailure, steps }) => {
  const text = TEXT.replace("steps:", `${onFailure}steps:`);
  const { ran } = await day(await temporaryFolder(), ["fail", "pass", "pass"], text);
  expect(ran).toMatchObject({ verdict: "fail" });
  expect(ran?.steps).toHaveLength(steps);
});

test.each([
  { change: ["transfer", "nosuch"], says: "steps[0].drill must be one of kill-leader" },
  { change: ["first-write=2s", "first=2s"], says: 'unknown gate "first"' },
  { change: ["slo:", "slos:"], says: "steps[0].slos is not a known field" },
  { change: ["runs: 2", "afer: 2s"], says: "steps[0].afer is not a known field" },
  { change: ["name: game day", "name: game day\non-failure: continue"], says: "on-failure is not a known" },
  { change: ["30s", "30x"], says: "a duration" },
  { change: ["runs: 2", "runs: 0"], says: "from 1 to 1000" },
  { change: ["  - pause: 30s", "  - pause: 30s\n    drill: transfer"], says: "either a drill or a pause" },
  { change: ["schemaVersion: 1", "schemaVersion: 2"], says: "schemaVersion" },
])("a plan is refused whole: $says", ({ change: [from = "", to = ""], says }) => {
  const words = (() => {
    try {
      parsePlan("plan.yaml", TEXT.replace(from, to));
      return "";
    } catch (error) {
      return (
        JSON.stringify(error, Object.getOwnPropertyNames(error)) + JSON.stringify({ ...(error as object) })
      );
    }
  })();
  expect(words.replaceAll("\\", "")).toContain(says);
});

test("the sample in docs is a plan", async () => {
  const path = new URL("../../../../docs/game-day.yaml", import.meta.url);
  expect(parsePlan("game-day.yaml", await readFile(path, "utf8")).steps.length).toBeGreaterThan(5);
});
