// A diagnosis as JUnit's XML, which CI systems show: a test case for each check.

import type { Diagnosis } from "../../client/doctor/diagnose.ts";

export function doctorJunit({ name, findings, passed, skipped }: Diagnosis): string {
  const failed = [...Map.groupBy(findings, ({ check }) => check)];
  const cases = [
    ...failed.map(([check, found]) => {
      const text = found.map(
        ({ severity, subject, evidence, next }) => `${severity}: ${subject}: ${evidence}\nnext: ${next}`,
      );
      return `  <testcase classname="doctor" name="${xml(check)}"><failure message="${xml(found[0]?.evidence ?? "")}">${xml(text.join("\n"))}</failure></testcase>`;
    }),
    ...passed.map((check) => `  <testcase classname="doctor" name="${xml(check)}"/>`),
    ...skipped.map(
      ({ check, because }) =>
        `  <testcase classname="doctor" name="${xml(check)}"><skipped message="${xml(because)}"/></testcase>`,
    ),
  ];
  const counts = `tests="${cases.length}" failures="${failed.length}" skipped="${skipped.length}"`;
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<testsuite name="fleet doctor ${xml(name)}" ${counts}>`,
    ...cases,
    "</testsuite>",
    "",
  ].join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Text for an attribute or an element. XML 1.0 has no other control characters than these three (section 2.2). */
function xml(text: string): string {
  // Names of shards come from the network, so a character that XML forbids is shown as U+FFFD.
  const legal = text.replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
  return legal.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
