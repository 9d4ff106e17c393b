// The page of a drill in a real browser, on a phone, on a screen and on paper. Nothing is wider than the page, and every chart has
// a size. The page writes nothing to its console.

import { expect, test } from "vitest";
import { pageOf } from "../../src/core/drill/html-page.ts";
import type { Observation } from "../../src/core/drill/observation.ts";
import { reportOf } from "../../src/core/drill/report.ts";
import { lacks } from "../lacks.ts";
import { observed } from "../unit/drill/observed.ts";
import { hasBrowser, look, print } from "./browser.ts";

const isElsewhere = lacks("chromium (Debian: apt-get install chromium)", hasBrowser);
const CHARTS = 3;

const slices: Observation["slices"] = Array.from({ length: 60 }, (_, at) => {
  const isOut = at >= 20 && at < 26;
  return {
    atMs: at * 100,
    acknowledged: isOut ? 0 : 12,
    medianMs: isOut ? null : 3,
    worstMs: isOut ? null : 40,
  };
});
const roles: Observation["roles"] = [
  { atMs: 0, node: "n1", role: "leader", term: 4 },
  { atMs: 0, node: "n2", role: "follower", term: 4 },
  { atMs: 0, node: "a-node-with-a-long-name.eu-west-1", role: "follower", term: 4 },
  { atMs: 2_000, node: "n1", role: "unreachable", term: null },
  { atMs: 2_200, node: "n2", role: "candidate", term: 5 },
  { atMs: 2_300, node: "n2", role: "leader", term: 5 },
  { atMs: 4_500, node: "n1", role: "follower", term: 5 },
];

/** With what is long in real reports: names, evidence without a space, lines of the timeline. */
function page(): string {
  const findings = {
    ...{ drill: "kill-leader", startedAt: "2026-01-01T00:00:00Z" },
    timeline: [
      { atMs: 0, what: "writes started" },
      { atMs: 2_000, what: "killed n1, leader of term 4" },
      {
        atMs: 2_300,
        what: `n2 leads term 5; ${"it was elected by a-node-with-a-long-name.eu-west-1 ".repeat(3)}`,
      },
    ],
    durations: { faultToLeaderMs: 300, faultToFirstWriteMs: 450, catchUpMs: 900 },
    writes: {
      counts: { attempted: 900, acknowledged: 880, failed: 10, unknown: 10 },
      ...{ lost: [4], duplicated: [], unexpected: [] },
    },
    linearizability: {
      verdict: "yes",
      operations: 200,
      outcomesUnknown: 1,
      steps: 40,
      evidence: [],
    } as const,
    observed: {
      ...{ ...observed, slices, roles },
      errors: { OUTCOME_UNKNOWN: 43, READ_TIMED_OUT: 362, UNAVAILABLE: 32 },
      evidence: [`lost: write 4 (${"0123456789abcdef".repeat(12)}), acknowledged at 2010 ms, is not there`],
    },
  };
  const gates = ["first-write", "lost", "duplicated", "violations", "stale-reads"] as const;
  const limits = gates.map((name) => ({ name, limit: name === "first-write" ? 2_000 : 0 }));
  const run = reportOf(findings, limits);
  return pageOf([run, run], { title: "game day of the fleet prod-eu-west-1", fleet: "prod-eu-west-1" });
}

test.skipIf(isElsewhere).each([
  { widthPx: 390, medium: "screen", why: "a phone" },
  { widthPx: 1_280, medium: "screen", why: "a screen" },
  { widthPx: 718, medium: "print", why: "a sheet of A4 with the usual margins" },
])(
  "$why: at $widthPx px nothing is wider than the page, and each chart has a size",
  async ({ widthPx, medium }) => {
    const printed = page()
      .replace("@media print {", "@media all {")
      .replace("@media screen and (", "@media print and (");
    const seen = await look(medium === "print" ? printed : page(), widthPx);
    expect(seen).toMatchObject({ overflowPx: 0, wide: [], cut: [] });
    expect(seen.charts).toHaveLength(2 * CHARTS);
    for (const [width, height] of seen.charts) {
      expect(width).toBeGreaterThan(300);
      expect(height).toBeGreaterThan(50);
    }
    expect(seen.text).toContain("kill-leader");
  },
);

test.skipIf(isElsewhere)("it is printed on a few sheets", async () => {
  const pdf = await print(page());
  expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
  const sheets = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  expect(sheets).toBeGreaterThan(0);
  expect(sheets).toBeLessThan(8);
});

test.skipIf(isElsewhere)("the probe sees what is too wide, and what is written to the console", async () => {
  const wide = await look('<body style="margin:0"><p style="width:900px">x</p></body>', 390);
  expect(wide).toMatchObject({ overflowPx: 510, wide: ['<p style="width:900px">x</p>'], charts: [] });
  await expect(look('<script>console.error("no such thing")</script>', 390)).rejects.toThrow("no such thing");
});
