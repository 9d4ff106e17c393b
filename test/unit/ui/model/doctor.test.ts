import { expect, test } from "vitest";
import type { Diagnosis } from "../../../../src/client/doctor/diagnose.ts";
import { doctorJunit } from "../../../../src/ui/model/doctor-junit.ts";
import { doctorLines } from "../../../../src/ui/model/doctor-lines.ts";
import { ASCII } from "../../../../src/ui/model/symbols.ts";

const FINDING = {
  check: "node.down",
  severity: "error",
  subject: "n2",
  evidence: 'h:1 does not answer: "refused" <&>',
  why: "one failure less",
  next: "fleet up",
} as const;
const DIAGNOSIS: Diagnosis = {
  name: "prod",
  findings: [FINDING],
  passed: ["disk.full", "disk.slow"],
  skipped: [{ check: "shard.dead", because: "no leader answered in time" }],
};

const text = (diagnosis: Diagnosis) =>
  doctorLines(diagnosis, ASCII).map((line) => line.map((part) => part.text).join(""));

test("a finding says what, why and what next; the end counts", () => {
  expect(text(DIAGNOSIS)).toEqual([
    `${ASCII.marks.bad} error  n2: ${FINDING.evidence}`,
    "    check  node.down",
    "    why    one failure less",
    "    next   fleet up",
    "",
    "1 check was skipped: no leader answered in time",
    `${ASCII.marks.bad} prod: 1 error; 2 checks passed`,
  ]);
});

test("without a finding there is one line", () => {
  const sound = { ...DIAGNOSIS, findings: [], skipped: [] };
  expect(text(sound)).toEqual([`${ASCII.marks.good} prod: nothing found; 2 checks passed`]);
});

test("JUnit has a case for each check, and no character that XML forbids", () => {
  const hostile = { ...FINDING, subject: "s\u0000\u001b[2J]]>", check: "node.down" };
  expect(doctorJunit({ ...DIAGNOSIS, findings: [hostile] }).split("\n")).toEqual([
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuite name="fleet doctor prod" tests="4" failures="1" skipped="1">',
    '  <testcase classname="doctor" name="node.down"><failure message="h:1 does not answer: &quot;refused&quot; &lt;&amp;&gt;">error: s\uFFFD\uFFFD[2J]]&gt;: h:1 does not answer: &quot;refused&quot; &lt;&amp;&gt;',
    "next: fleet up</failure></testcase>",
    '  <testcase classname="doctor" name="disk.full"/>',
    '  <testcase classname="doctor" name="disk.slow"/>',
    '  <testcase classname="doctor" name="shard.dead"><skipped message="no leader answered in time"/></testcase>',
    "</testsuite>",
    "",
  ]);
});
