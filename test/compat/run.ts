// `npm run compat [-- NAME…]`: runs other people's clients of etcd's API against a fleet with what the machine has, and
// writes bench/COMPAT.md when all parts were asked for. Exit codes: 1 a case failed, 2 it was called wrongly.

import { writeFile } from "node:fs/promises";
import { cpus, release, type } from "node:os";
import { fileURLToPath } from "node:url";
import { PARTS, type Part } from "./parts.ts";
import { type CaseResult, isFailed, renderReport, type Section } from "./report.ts";

const PAGE = fileURLToPath(new URL("../../bench/COMPAT.md", import.meta.url));

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0) {
    console.error(`no part ${unknown.join(", ")}; there are: ${PARTS.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  const sections: Section[] = [];
  for (const part of PARTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    sections.push(await sectionOf(part));
  }
  const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, ${type()} ${release()}, Node ${process.version}.`;
  const page = renderReport(machine, sections);
  if (names.length === 0) await writeFile(PAGE, page);
  console.log(page);
  return sections.some(isFailed) ? 1 : 0;
}

async function sectionOf(part: Part): Promise<Section> {
  const { title, about } = part;
  const leftOut = await part.whyNot();
  const results: CaseResult[] = [];
  if (leftOut === null) {
    await part.run((result) => {
      results.push(result);
      console.error(`${part.name}: ${result.outcome} ${result.name}`);
    });
  }
  return { title, about, leftOut, results };
}

process.exitCode = await main(process.argv.slice(2));
