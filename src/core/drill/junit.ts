// A drill's verdict as JUnit XML, which CI systems show. Each drill is a test suite. Each gate is a test case, and so
// is the recovery itself. Pure.

import type { DrillReport } from "./report.ts";
import { requiredStages } from "./stages.ts";

/** The reports of one file, in their order. */
export function junitOf(reports: readonly DrillReport[]): string {
  const suites = reports.map(suiteOf);
  const tests = suites.reduce((sum, { cases }) => sum + cases.length, 0);
  const failures = suites.reduce((sum, { cases }) => sum + failed(cases), 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="fleet drill" tests="${tests}" failures="${failures}">`,
    ...suites.flatMap(lines),
    "</testsuites>",
    "",
  ].join("\n");
}

interface Case {
  readonly name: string;
  readonly seconds: number;
  /** null = it passed. */
  readonly failure: string | null;
}

interface Suite {
  readonly name: string;
  readonly timestamp: string;
  readonly seconds: number;
  readonly cases: readonly Case[];
}

const failed = (cases: readonly Case[]): number => cases.filter(({ failure }) => failure !== null).length;

function suiteOf(report: DrillReport): Suite {
  const { drill, startedAt, observed, linearizability, gates } = report;
  const missing = requiredStages(observed.expects).filter((stage) => observed.stages[stage] === null);
  const proof = [...observed.evidence, ...linearizability.evidence].join("\n");
  const unexpected =
    observed.acknowledgedMeanwhile > 0 || observed.shardGaps > 0 || observed.unmet.length > 0;
  const why = [...missing.map((stage) => `not seen: ${stage}`), ...(unexpected ? [proof] : [])].join("\n");
  const recovery = {
    name: "recovers",
    seconds: (observed.stages.redundant ?? 0) / 1_000,
    failure: why || null,
  };
  return {
    ...{ name: drill, timestamp: startedAt, seconds: observed.endedMs / 1_000 },
    cases: [
      recovery,
      ...gates.map(({ name, limit, unit, actual, passed }): Case => {
        const seconds = unit === "ms" ? (actual ?? 0) / 1_000 : 0;
        const words = `${name} is ${actual ?? "not known, or did not happen"}, at most ${limit}`;
        return { name, seconds, failure: passed ? null : [words, proof].filter(Boolean).join("\n") };
      }),
    ],
  };
}

function lines({ name, timestamp, seconds, cases }: Suite): string[] {
  const counts = `tests="${cases.length}" failures="${failed(cases)}"`;
  return [
    `  <testsuite name="${xml(name)}" timestamp="${xml(timestamp)}" time="${seconds}" ${counts}>`,
    ...cases.flatMap((each) => {
      const open = `    <testcase classname="${xml(`drill.${name}`)}" name="${xml(each.name)}" time="${each.seconds}"`;
      if (each.failure === null) return [`${open}/>`];
      const [message = ""] = each.failure.split("\n");
      return [
        `${open}>`,
        `      <failure message="${xml(message)}">${xml(each.failure)}</failure>`,
        "    </testcase>",
      ];
    }),
    "  </testsuite>",
  ];
}

/** Text for XML and HTML. What no XML document can hold is left out. */
export function xml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "");
}
