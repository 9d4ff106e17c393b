import { expect, test } from "vitest";
import { repeatDrill } from "../../../../src/client/drill/repeat.ts";
import { historyFiles } from "../../../../src/client/drill/report-file.ts";
import type { DrillReport } from "../../../../src/core/drill/report.ts";

const report = (verdict: DrillReport["verdict"]) => ({ verdict }) as DrillReport;
const stopped = new Error("stopped");

test("a run that fails its gates ends nothing", async () => {
  const { runs, failure } = await repeatDrill(3, async (run) => report(run === 2 ? "fail" : "pass"));
  expect([runs.map(({ verdict }) => verdict), failure]).toEqual([["pass", "fail", "pass"], null]);
});

test("what was measured until one could not be made stays", async () => {
  const repeated = await repeatDrill(3, async (run) => {
    if (run === 3) throw stopped;
    return report("pass");
  });
  expect(repeated).toMatchObject({ runs: [{}, {}], failure: { cause: stopped } });
});

test("nothing stays of a series whose first run could not be made", async () => {
  await expect(repeatDrill(3, () => Promise.reject(stopped))).rejects.toBe(stopped);
});

test.each([
  { path: "h.jsonl", runs: 1, files: ["h.jsonl"] },
  { path: "out/h.jsonl", runs: 2, files: ["out/h-1.jsonl", "out/h-2.jsonl"] },
])("$runs histories of $path: $files", ({ path, runs, files }) => {
  expect(historyFiles(path, runs)).toEqual(files);
});
