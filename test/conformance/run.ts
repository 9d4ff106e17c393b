// `npm run conformance`: runs every script that is found and tells which fail, with the first difference.

import { absenceNotice, isRequired, OWN_FOLDER, upstreamFolder } from "./folders.ts";
import { findScripts, type Mismatch, type Outcome, runScript } from "./suite.ts";

process.exitCode = main();

function main(): number {
  const folder = upstreamFolder();
  const absence = absenceNotice(folder);
  if (absence !== null) console.log(absence);
  if (absence !== null && isRequired(folder)) return 1;
  const upstream = absence === null ? findScripts(folder) : [];
  if (absence === null && upstream.length === 0) {
    console.log(`conformance: no script found in ${folder}`);
    return 1;
  }
  const outcomes = [...upstream, ...findScripts(OWN_FOLDER)].map(runScript);
  for (const outcome of outcomes) report(outcome);
  const directives = outcomes.reduce((sum, outcome) => sum + outcome.directives, 0);
  const failed = outcomes.filter(({ mismatch }) => mismatch !== null).length;
  console.log(`conformance: ${outcomes.length} files, ${directives} directives, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function report({ script, directives, mismatch }: Outcome): void {
  console.log(`${mismatch === null ? "ok  " : "FAIL"} ${script.path} (${directives} directives)`);
  if (mismatch !== null) reportMismatch(mismatch);
}

function reportMismatch({ line, directive, expected, actual }: Mismatch): void {
  console.log(`  line ${line}: ${directive}`);
  console.log(`  expected:\n${indent(expected)}\n  actual:\n${indent(actual)}`);
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "    ");
}
