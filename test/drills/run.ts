// `npm run drills`: every drill, for real, one after the other on one local fleet, as `fleet drill run` runs it. A line a drill;
// exits with 1 if one failed. `npm run drills -- NAME…` runs only these. The gate runs each with shorter times
// (test/integration/every-drill.test.ts).

import { DRILLS } from "../../src/core/drill/catalog.ts";
import { drillNamed } from "../../src/core/drill/drill-spec.ts";
import type { DrillReport } from "../../src/core/drill/report.ts";
import { TestFleet } from "../integration/local-fleet.ts";

const names = process.argv.slice(2);
const drills = names.length === 0 ? DRILLS : names.map((name) => drillNamed(name, DRILLS));
const fleet = await TestFleet.init("--nodes", "3", "--shards", "2", "--clusters", "3");
const failed: string[] = [];
try {
  const client = await fleet.client();
  for (const { name } of drills) {
    await fleet.untilStatus(client, ({ verdict }) => verdict === "healthy");
    const ran = await fleet.run("drill", "run", name, "--yes", "--json");
    const line = describe(name, ran.stdout, ran.exit);
    if (ran.exit !== 0) failed.push(name);
    process.stdout.write(`${line}\n`);
    if (ran.exit !== 0) process.stdout.write(`${ran.stderr}\n`);
  }
} finally {
  await fleet.dispose();
}
process.stdout.write(
  failed.length === 0 ? `${drills.length} drills passed\n` : `failed: ${failed.join(", ")}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

function describe(name: string, stdout: string, exit: number): string {
  const report: Partial<DrillReport> & { readonly error?: { readonly code: string } } = JSON.parse(stdout);
  const { observed, measured, verdict, error } = report;
  if (observed === undefined || measured === undefined)
    return `✗ ${name}: exit ${exit}, ${error?.code ?? ""}`;
  const { stages, clients, evidence } = observed;
  const wait = Math.max(...clients.map(({ longestGapMs }) => longestGapMs));
  const { elected, "first-write": write, redundant } = stages;
  const mark = verdict === "pass" ? "✓" : "✗";
  const times = `leader ${elected ?? "–"}, first write ${write ?? "–"}, whole ${redundant ?? "–"} ms`;
  const proof = evidence.map((each) => `\n    ${each}`).join("");
  return `${mark} ${name}: ${times}; longest wait ${wait} ms; ${measured.writes.unknown} unknown${proof}`;
}
