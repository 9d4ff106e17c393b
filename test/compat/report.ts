// What `npm run compat` found, as a page: bench/COMPAT.md.

export interface CaseResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped" | "differs";
  /** Why it failed or differs. */
  readonly detail: string;
}

export interface Section {
  readonly title: string;
  /** What ran against what. */
  readonly about: string;
  /** Why nothing of it ran; null = it ran. */
  readonly leftOut: string | null;
  readonly results: readonly CaseResult[];
}

export const isFailed = ({ results }: Section): boolean =>
  results.some(({ outcome }) => outcome === "failed");

/** A section as the page has it. */
export interface Shown {
  readonly title: string;
  /** Its row in the summary. */
  readonly result: string;
  readonly text: string;
}

/** `machine`: when and where it ran, since each may run alone. */
export function showSection(machine: string, section: Section): Shown {
  const { title, leftOut, results } = section;
  const result = leftOut ?? countsOf(results);
  return { title, result, text: renderSection(machine, section).join("\n") };
}

export function renderReport(sections: readonly Shown[]): string {
  return [
    "# Other people's clients",
    "",
    "Written by `npm run compat`, which runs clients of etcd's API against a fleet, and against Debian's etcd beside it.",
    "A part that runs alone (`npm run compat -- PART`) replaces its own section.",
    "",
    "| what | result |",
    "|---|---|",
    ...sections.map(({ title, result }) => `| ${title} | ${result} |`),
    "",
    ...sections.map(({ text }) => text),
  ].join("\n");
}

/** What `renderReport` wrote. */
export function parseReport(page: string): Shown[] {
  const rows = new Map(
    [...page.matchAll(/^\| (.*?) \| (.*) \|$/gm)].map(([, title = "", result = ""]) => [title, result]),
  );
  return page
    .split(/^(?=## )/m)
    .slice(1)
    .map((text) => {
      const title = /^## (.*)$/m.exec(text)?.[1] ?? "";
      return { title, result: rows.get(title) ?? "", text: `${text.trimEnd()}\n` };
    });
}

function countsOf(results: readonly CaseResult[]): string {
  const counts = (["passed", "differs", "skipped", "failed"] as const)
    .map((outcome) => [outcome, results.filter((each) => each.outcome === outcome).length] as const)
    .filter(([, count]) => count > 0);
  return counts
    .map(([outcome, count]) => `${count} ${outcome === "differs" ? "differ, as listed" : outcome}`)
    .join(", ");
}

function renderSection(machine: string, { title, about, leftOut, results }: Section): string[] {
  const head = [`## ${title}`, "", about, "", machine, ""];
  if (leftOut !== null) return [...head, `Left out: ${leftOut}.`, ""];
  const told = results.filter(({ outcome, detail }) => outcome !== "passed" || detail !== "");
  if (told.length === 0) return [...head, `All ${results.length} passed.`, ""];
  const rows = told.map(({ name, outcome, detail }) => `| ${cell(name)} | ${outcome} | ${cell(detail)} |`);
  return [...head, `${countsOf(results)}.`, "", "| case | outcome | why |", "|---|---|---|", ...rows, ""];
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
