// `npm run compat [-- NAME…]` runs other people's clients of etcd's API against a fleet. It runs what the machine
// has, and writes their sections of bench/COMPAT.md. Exit codes: 1 a case failed, 2 it was called wrongly.

import { readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, type } from "node:os";
import { fileURLToPath } from "node:url";
import { PARTS, type Part } from "./parts.ts";
import {
  type CaseResult,
  isFailed,
  parseReport,
  renderReport,
  type Section,
  type Shown,
  showSection,
} from "./report.ts";

const PAGE = fileURLToPath(new URL("../../bench/COMPAT.md", import.meta.url));

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0) {
    console.error(`no part ${unknown.join(", ")}; there are: ${PARTS.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  const sections: Section[] = [];
  for (const part of PARTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const section = await sectionOf(part);
    sections.push(section);
    // A later part may take long, or be interrupted.
    await writeSection(showSection(machine(), section));
  }
  for (const section of sections) console.log(showSection(machine(), section).text);
  return sections.some(isFailed) ? 1 : 0;
}

/** In the page as it is now: other parts may run in another process. */
async function writeSection(section: Shown): Promise<void> {
  const page = new Map<string, Shown>();
  for (const shown of parseReport(await readFile(PAGE, "utf8").catch(() => ""))) page.set(shown.title, shown);
  page.set(section.title, section);
  const notRun = (title: string) => ({ title, result: "not run yet", text: "" });
  await writeFile(PAGE, renderReport(PARTS.map(({ title }) => page.get(title) ?? notRun(title))));
}

const machine = (): string =>
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, ${type()} ${release()}, Node ${process.version}, load ${loadavg()[0]?.toFixed(0)}.`;

async function sectionOf(part: Part): Promise<Section> {
  const { title, about } = part;
  const leftOut = await part.whyNot();
  const results: CaseResult[] = [];
  if (leftOut === null) {
    const tell = (result: CaseResult) => {
      results.push(result);
      console.error(`${part.name}: ${result.outcome} ${result.name}`);
    };
    // The parts after it must run.
    await part.run(tell).catch((error: unknown) => {
      tell({ name: "all that was left", outcome: "failed", detail: String(error) });
    });
  }
  return { title, about, leftOut, results };
}

process.exitCode = await main(process.argv.slice(2));
