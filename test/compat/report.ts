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

export function renderReport(machine: string, sections: readonly Section[]): string {
  const summary = sections.map(
    (section) => `| ${section.title} | ${section.leftOut ?? countsOf(section.results)} |`,
  );
  return [
    "# Other people's clients",
    "",
    "Written by `npm run compat`, which runs clients of etcd's API against a fleet, and against Debian's etcd beside it.",
    "",
    machine,
    "",
    "| what | result |",
    "|---|---|",
    ...summary,
    "",
    ...sections.flatMap(renderSection),
  ].join("\n");
}

function countsOf(results: readonly CaseResult[]): string {
  const counts = (["passed", "differs", "skipped", "failed"] as const)
    .map((outcome) => [outcome, results.filter((each) => each.outcome === outcome).length] as const)
    .filter(([, count]) => count > 0);
  return counts
    .map(([outcome, count]) => `${count} ${outcome === "differs" ? "differ, as listed" : outcome}`)
    .join(", ");
}

function renderSection({ title, about, leftOut, results }: Section): string[] {
  const head = [`## ${title}`, "", about, ""];
  if (leftOut !== null) return [...head, `Left out: ${leftOut}.`, ""];
  const told = results.filter(({ outcome, detail }) => outcome !== "passed" || detail !== "");
  if (told.length === 0) return [...head, `All ${results.length} passed.`, ""];
  const rows = told.map(({ name, outcome, detail }) => `| ${cell(name)} | ${outcome} | ${cell(detail)} |`);
  return [...head, `${countsOf(results)}.`, "", "| case | outcome | why |", "|---|---|---|", ...rows, ""];
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
