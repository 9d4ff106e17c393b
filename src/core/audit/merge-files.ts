// Merges the entries of many files into one chain. Each file is in order, the files may be in any order, and
// after a failover two files may hold the same entries.

import type { Link } from "./check-chain.ts";
import { exportLine } from "./export-line.ts";
import type { Findings } from "./finding.ts";

/** An exported file after reading. */
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

/** The exporter's file names contain the first and the last index. Other names contain none. */
function asNamed(name: string, links: ExportFile["links"], findings: Findings): void {
  const [, first, through] = /(?:^|[\\/])audit-(\d{16})-(\d{16})\.jsonl(?:\.sealed)?$/.exec(name) ?? [];
  if (first === undefined || through === undefined) return;
  const expected = `${Number(first)} to ${Number(through)}`;
  const found = links.length === 0 ? "none" : `${links.at(0)?.entry.index} to ${links.at(-1)?.entry.index}`;
  if (found !== expected)
    findings.add({ problem: "truncated-file", index: null, where: name, expected, found });
}

/** Two builds may word the same entry differently. */
function wordless({ entry, previous }: ExportFile["links"][number]): string {
  // An entry without facts has only its words, which never change.
  return entry.hash === ""
    ? exportLine({ entry, previous })
    : exportLine({ entry: { ...entry, what: "" }, previous });
}

const nameOf = ({ entry, where }: Link): string => (entry.hash === "" ? where : entry.hash);
