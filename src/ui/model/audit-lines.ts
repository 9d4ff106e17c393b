// The output of `fleet audit verify`: what was verified, where the chain breaks, and what a whole chain does
// not prove.
import type { AuditVerification } from "../../client/audit/verify-audit.ts";
import type { Chain } from "../../core/audit/check-chain.ts";
import type { Finding, Problem } from "../../core/audit/finding.ts";
import type { Line } from "./line.ts";
import type { Table } from "./table.ts";

const SENTENCES: Readonly<Record<Problem, string>> = {
  altered: "its hash does not match its fields: the entry was changed, or one before it was removed",
  missing: "it does not follow the entry before it: entries between them are missing, or one was replaced",
  "truncated-head": "it is not the first entry of the chain: the entries before it are missing",
  "truncated-file": "the file does not hold the entries in its name",
  reordered: "its index is not above that of the line before it",
  conflict: "two files hold different entries with this index",
  unchained: "it has no hash, although an entry before it has one",
  malformed: "it is not a line of an export",
  forked: "the fleet has another entry at this index, or none",
  ahead: "the fleet's newest entry is older: it was restored, recovered or rewritten",
  "head-unknown": "no entry has the noted hash",
};

export const findingTable: Table<Finding> = {
  rowName: (finding) => finding.where,
  columns: [
    { name: "index", header: "INDEX", value: (finding) => finding.index },
    { name: "where", header: "WHERE", value: (finding) => finding.where },
    { name: "problem", header: "PROBLEM", value: ({ problem }) => ({ text: problem, mark: "bad" }) },
    { name: "what", header: "WHAT", value: ({ problem }) => SENTENCES[problem] },
    { name: "expected", header: "EXPECTED", value: ({ expected }) => expected || null },
    { name: "found", header: "FOUND", value: ({ found }) => found || null },
  ],
};

export function auditVerificationLines(report: AuditVerification): Line[] {
  const { fleet, noted, problems, findings } = report;
  const lines = [
    ...chainLines("the fleet", fleet),
    ...chainLines(`the export (${report.export?.files} files)`, report.export),
  ];
  if (noted !== null && noted.index !== null) {
    lines.push({ text: `the noted head is entry ${noted.index}`, mark: "good" });
  }
  if (problems === 0) return [...lines, { text: "the chain is whole", mark: "good" }];
  const more = problems > findings.length ? `, the first ${findings.length} of them above` : "";
  return [...lines, { text: `the chain is broken in ${problems} places${more}`, mark: "bad" }];
}

function chainLines(name: string, chain: Chain | null): Line[] {
  if (chain === null) return [];
  const { entries, unchained, reworded, first, head } = chain;
  const lines: Line[] = [];
  if (first !== null && head !== null) {
    const text = `${name}: ${entries - unchained} entries, index ${first.index} to ${head.index}, head ${head.hash}`;
    lines.push({ text, mark: "good" });
  }
  if (unchained > 0) {
    lines.push({ text: `${name}: ${unchained} entries have no hash, and nothing proves them`, mark: "warn" });
  }
  if (reworded > 0) {
    const text = `${name}: ${reworded} entries have another build's wording; the chain covers facts, not wording`;
    lines.push({ text, mark: "warn" });
  }
  return lines;
}
