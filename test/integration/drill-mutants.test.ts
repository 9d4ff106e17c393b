// Whether drills find bugs at all: coordinators that lose acknowledged writes, serve stale reads or apply writes twice
// (drill-mutant-preload.ts) must fail a drill, with evidence. No fault is needed for that, so the mildest drill does.

import { expect, test } from "vitest";
import type { DrillReport } from "../../src/core/drill/report.ts";
import { TestFleet } from "./local-fleet.ts";

const preload = new URL("drill-mutant-preload.ts", import.meta.url).href;

test.each([
  {
    mutant: "lost-write",
    gate: "lost",
    evidence: /^lost: write \d*7, acknowledged at \d+ ms, is not there$/,
  },
  {
    mutant: "stale-read",
    gate: "stale-reads",
    evidence: /^stale read: begun at \d+ ms, it does not show write /,
  },
  { mutant: "applied-twice", gate: "duplicated", evidence: /^applied twice: write \d*7$/ },
])("a build with the bug $mutant fails the drill by $gate, and the evidence names a write", async (row) => {
  const fleet = await TestFleet.empty({ NODE_OPTIONS: `--import ${preload}?mutant=${row.mutant}` });
  try {
    expect(await fleet.run("init")).toMatchObject({ exit: 0 });
    const ran = await fleet.run("drill", "run", "kill-follower", "--yes", "--json");
    const report: DrillReport = JSON.parse(ran.stdout);
    expect({ exit: ran.exit, verdict: report.verdict }).toEqual({ exit: 7, verdict: "fail" });
    expect(report.gates).toContainEqual(expect.objectContaining({ name: row.gate, passed: false }));
    expect(report.observed.evidence).toContainEqual(expect.stringMatching(row.evidence));
  } finally {
    await fleet.dispose();
  }
});
