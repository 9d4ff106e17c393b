// The entries of many files as one chain: each file is in order, files may stand in any order, and around a failover two may
// hold the same entries.

import type { Link } from "./check-chain.ts";
import { exportLine } from "./export-line.ts";
import type { Findings } from "./finding.ts";

/** An exported file as it was read. */
export interface ExportFile {
  readonly name: string;
  readonly links: readonly (Link & { readonly previous: string })[];
}

/** By index, each entry once. */
export function mergeFiles(files: readonly ExportFile[], findings: Findings): Link[] {
  const merged = new Map<number, ExportFile["links"][number]>();
  for (const { name, links } of files) {
    inOrder(links, findings);
    asNamed(name, links, findings);
    for (const link of links) {
      const { index } = link.entry;
      const there = merged.get(index);
      if (there === undefined) merged.set(index, link);
      else if (wordless(there) !== wordless(link)) {
        findings.add({
          problem: "conflict",
          index,
          where: link.where,
          expected: nameOf(there),
          found: nameOf(link),
        });
      }
    }
  }
  return [...merged.values()].sort((left, right) => left.entry.index - right.entry.index);
}

function inOrder(links: ExportFile["links"], findings: Findings): void {
  let last = 0;
  for (const { entry, where } of links) {
    const { index } = entry;
    if (index <= last) {
      findings.add({ problem: "reordered", index, where, expected: `above ${last}`, found: String(index) });
    }
    last = index;
  }
}

/** The exporter's names say the first and the last index. Other names say nothing. */
function asNamed(name: string, links: ExportFile["links"], findings: Findings): void {
  const [, first, through] = /(?:^|[\\/])audit-(\d{16})-(\d{16})\.jsonl(?:\.sealed)?$/.exec(name) ?? [];
  if (first === undefined || through === undefined) return;
  const expected = `${Number(first)} to ${Number(through)}`;
  const found = links.length === 0 ? "none" : `${links.at(0)?.entry.index} to ${links.at(-1)?.entry.index}`;
  if (found !== expected)
    findings.add({ problem: "truncated-file", index: null, where: name, expected, found });
}

/** Two builds may say one entry in different words. */
function wordless({ entry, previous }: ExportFile["links"][number]): string {
  // One without facts has its words alone, and they are kept as they were.
  return entry.hash === ""
    ? exportLine({ entry, previous })
    : exportLine({ entry: { ...entry, what: "" }, previous });
}

const nameOf = ({ entry, where }: Link): string => (entry.hash === "" ? where : entry.hash);
