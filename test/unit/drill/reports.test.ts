// What is made of a report: JUnit, a page, EDN, and two of them side by side.

import { expect, test } from "vitest";
import { compareRuns } from "../../../src/core/drill/compare.ts";
import { ednOf } from "../../../src/core/drill/edn.ts";
import { pageOf } from "../../../src/core/drill/html-page.ts";
import { junitOf, xml } from "../../../src/core/drill/junit.ts";
import type { Observation } from "../../../src/core/drill/observation.ts";
import type { HistoryEvent } from "../../../src/core/drill/register-history.ts";
import { type DrillReport, reportOf } from "../../../src/core/drill/report.ts";
import { spreadRows } from "../../../src/core/drill/spread.ts";
import { latencyChart, rolesChart, throughputChart } from "../../../src/core/drill/svg-charts.ts";
import { observed } from "./observed.ts";

function run(seen: Partial<Observation> = {}, lost: readonly number[] = []): DrillReport {
  const findings = {
    ...{ drill: "partition", startedAt: "2026-01-01T00:00:00Z" },
    timeline: [{ atMs: 0, what: "writes started" }],
    durations: { faultToLeaderMs: 300, faultToFirstWriteMs: 450, catchUpMs: 900 },
    writes: {
      counts: { attempted: 10, acknowledged: 9, failed: 0, unknown: 1 },
      ...{ lost, duplicated: [], unexpected: [] },
    },
    linearizability: { verdict: "yes", operations: 20, outcomesUnknown: 1, steps: 40, evidence: [] } as const,
    observed: { ...observed, ...seen },
  };
  return reportOf(findings, [{ name: "lost", limit: 0 }]);
}

const slower = (firstWriteMs: number): DrillReport =>
  run({ stages: { ...observed.stages, "first-write": firstWriteMs } });

test("JUnit: a suite a drill, a case a gate, and the evidence with what failed", () => {
  const bad = run({ evidence: ['lost: write 4, acknowledged at 40 ms, "is" <not> there'] }, [4]);
  const text = junitOf([run(), bad]);
  expect(text).toContain('<testsuites name="fleet drill" tests="4" failures="1">');
  expect(text).toContain('<testcase classname="drill.partition" name="recovers" time="0.95"/>');
  expect(text).toContain('<failure message="lost is 1, at most 0">');
  expect(text).toContain("&quot;is&quot; &lt;not&gt; there");
});

test("JUnit: what never happened fails the recovery", () => {
  const text = junitOf([run({ stages: { ...observed.stages, redundant: null } })]);
  expect(text).toContain('<failure message="not seen: redundant">');
});

test.each([
  { text: "a<b>&\"c'", escaped: "a&lt;b&gt;&amp;&quot;c'" },
  { text: "\u0000\u001bx\ufffe", escaped: "x" },
])("$text is written as $escaped", ({ text, escaped }) => expect(xml(text)).toBe(escaped));

test("the page holds its charts and tables, loads nothing, and escapes all it is told", () => {
  const roles: Observation["roles"] = [
    { atMs: 0, node: "<n1>", role: "leader", term: 1 },
    { atMs: 2_100, node: "<n1>", role: "unreachable", term: null },
  ];
  const slices = [{ atMs: 0, acknowledged: 5, medianMs: 3, worstMs: 40 }];
  const page = pageOf([run({ roles, slices, evidence: ["<script>alert(1)</script>"] })], {
    ...{ title: "partition", fleet: "local" },
  });
  expect(page.match(/<svg /g)).toHaveLength(3);
  expect(page.match(/class="fault"/g)).toHaveLength(3);
  expect(page).toContain("&lt;n1&gt;");
  expect(page).not.toMatch(/<script|https?:|src=|@import|url\(/);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
  const opened = [...page.matchAll(/<(section|table|figure|svg|pre|div)\b/g)].length;
  expect([...page.matchAll(/<\/(section|table|figure|svg|pre|div)>/g)]).toHaveLength(opened);
});

test("a long name of a node is shortened beside its lane, and whole in a tooltip", () => {
  const chart = rolesChart({
    ...observed,
    roles: [{ atMs: 0, node: "node-1.eu-west", role: "leader", term: 1 }],
  });
  expect(chart).toContain("<title>node-1.eu-west</title>node-1.…</text>");
});

test("a page of a drill that saw nothing is still a page", () => {
  const page = pageOf([run({ endedMs: 0, fault: { fromMs: 0, toMs: null }, clients: [] })], {
    ...{ title: "t", fleet: "f" },
  });
  expect(page).not.toMatch(/NaN|Infinity/);
});

test("several runs show p50, p95 and max; what did not happen is worse than any number", () => {
  const rows = spreadRows([slower(100), slower(300), slower(200)]);
  expect(rows.find(({ name }) => name === "first-write")).toMatchObject({ p50: 200, p95: 300, max: 300 });
  const never = run({ stages: { ...observed.stages, "first-write": null } });
  expect(spreadRows([slower(100), never]).find(({ name }) => name === "first-write")?.max).toBeNull();
});

test.each([
  { before: [100, 120], after: [400, 420], verdict: "worse", why: "far more than the runs differ" },
  { before: [400, 420], after: [100, 120], verdict: "better", why: "far less" },
  { before: [100, 300], after: [200, 350], verdict: "within noise", why: "runs differ by 200 ms anyway" },
  { before: [100], after: [400], verdict: "one run: no noise known", why: "one run shows no noise" },
  { before: [100], after: [100], verdict: "same", why: "nothing changed" },
] as const)("first writes of $before against $after: $verdict, $why", ({ before, after, verdict }) => {
  const { rows } = compareRuns(before.map(slower), after.map(slower));
  expect(rows.find(({ name }) => name === "first-write")?.verdict).toBe(verdict);
});

test("a lost write is worse, whatever the noise", () => {
  const compared = compareRuns([run()], [run({}, [4])]);
  expect(compared.rows.find(({ name }) => name === "lost")).toMatchObject({ change: 1, verdict: "worse" });
  expect(compared.verdict).toBe("worse");
});

test("two game days are compared drill by drill: one that is slow by nature makes no other look worse", () => {
  const named = (drill: string, firstWriteMs: number): DrillReport => ({ ...slower(firstWriteMs), drill });
  const before = [named("partition", 100), named("kill-all", 5_000), named("transfer", 10)];
  const after = [
    named("kill-all", 5_000),
    named("kill-all", 5_100),
    named("partition", 100),
    named("slow-disk", 9),
  ];
  const { rows, onlyInOne, verdict } = compareRuns(before, after);
  const writes = rows.filter(({ name }) => name === "first-write");
  expect(writes.map(({ drill, before: from, after: to }) => [drill, from, to])).toEqual([
    ["kill-all", 5_000, 5_100],
    ["partition", 100, 100],
  ]);
  expect(onlyInOne).toEqual(["transfer", "slow-disk"]);
  expect(verdict).toBe("same");
});

test("EDN is as Jepsen writes histories, a mismatch being a failed compare-and-set", () => {
  const events: readonly HistoryEvent[] = [
    { type: "invoke", process: 0, atMs: 1, input: { kind: "read", register: "r1" } },
    { type: "invoke", process: 1, atMs: 1.5, input: { kind: "cas", register: "r1", from: null, to: 1 } },
    { type: "ok", process: 0, atMs: 2, output: { kind: "value", value: 3 } },
    { type: "ok", process: 1, atMs: 3, output: { kind: "mismatch" } },
    { type: "invoke", process: 1, atMs: 4, input: { kind: "cas", register: "r1", from: 3, to: 4 } },
    { type: "info", process: 1, atMs: 5 },
  ];
  expect(ednOf(events).trimEnd().split("\n")).toEqual([
    '{:index 0, :time 1000000, :process 0, :type :invoke, :f :read, :value ["r1" nil]}',
    '{:index 1, :time 1500000, :process 1, :type :invoke, :f :cas, :value ["r1" [nil 1]]}',
    '{:index 2, :time 2000000, :process 0, :type :ok, :f :read, :value ["r1" 3]}',
    '{:index 3, :time 3000000, :process 1, :type :fail, :f :cas, :value ["r1" [nil 1]]}',
    '{:index 4, :time 4000000, :process 1, :type :invoke, :f :cas, :value ["r1" [3 4]]}',
    '{:index 5, :time 5000000, :process 1, :type :info, :f :cas, :value ["r1" [3 4]]}',
  ]);
});

test("where no write was acknowledged the line of waits is broken, and a lone point is a dot", () => {
  const slice = (atMs: number) => ({ atMs, acknowledged: 3, medianMs: 5, worstMs: 9 });
  const svg = latencyChart({ ...observed, slices: [0, 100, 200, 1_500, 3_000, 3_100].map(slice) });
  const medians = [...svg.matchAll(/class="median" points="([^"]*)"/g)].map(([, points = ""]) =>
    points.split(" "),
  );
  expect(medians.map((points) => points.length)).toEqual([3, 2, 2]);
  expect(medians[1]?.[0]).toBe(medians[1]?.[1]);
});

test("the scale of writes has whole numbers at its middle and its end", () => {
  const slices = [{ atMs: 0, acknowledged: 79, medianMs: 5, worstMs: 9 }];
  const ticks = [...throughputChart({ ...observed, slices }).matchAll(/>(\d[\d.]*)<\/text>/g)].map(
    ([, text]) => text,
  );
  expect(ticks.slice(0, 2).toSorted()).toEqual(["40", "80"]);
});
