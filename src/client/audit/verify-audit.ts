// `fleet audit verify`: checks the chain of a fleet's audit entries, of an export, or of both.

import { type Chain, checkChain, type End, follows, type Link } from "../../core/audit/check-chain.ts";
import { compareWithFleet } from "../../core/audit/compare.ts";
import { type Finding, Findings } from "../../core/audit/finding.ts";
import { mergeFiles } from "../../core/audit/merge-files.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import type { AuditEntry } from "../../core/wire/gen/fleet/v1/command.ts";
import type { LeaderReads } from "../leader-reads.ts";
import { readExports } from "./read-export.ts";

export interface AuditVerification {
  readonly isWhole: boolean;
  readonly fleet: Chain | null;
  readonly export: (Chain & { readonly files: number }) | null;
  /** The noted hash, and the entry that has it. */
  readonly noted: { readonly hash: string; readonly index: number | null } | null;
  /** Number of problems; the first hundred are listed. */
  readonly problems: number;
  readonly findings: readonly Finding[];
}

export interface VerifyOptions {
  /** Exported files and folders; none = only the fleet. */
  readonly paths: readonly string[];
  /** Null: the fleet is not asked. */
  readonly fleet: Pick<LeaderReads, "listAudit"> | null;
  /** A head that was noted earlier: an entry must have this hash. */
  readonly head?: string | undefined;
  /** The hash before the export's first entry, for an export whose beginning is kept elsewhere. */
  readonly after?: string | undefined;
  /** Opens encrypted files; null or absent = no keys were given. */
  readonly keys?: OperatorKeys | null;
}

export async function verifyAudit(options: VerifyOptions): Promise<AuditVerification> {
  const { paths, fleet, head, after, keys } = options;
  const findings = new Findings();
  // Files first: a batch that is exported in between would be newer than the table.
  const files = await readExports(paths, findings, keys);
  const table = fleet === null ? null : await tableOf(fleet);
  const exported = mergeFiles(files, findings);
  const ofFleet = table && checkChain(table.links, table.trimmedHash, findings);
  if (table?.links.length === 0 && table.trimmedHash !== "") {
    const [expected, found] = [table.trimmedHash, "no entry"];
    findings.add({ problem: "missing", index: null, where: "the fleet", expected, found });
  }
  const ofExport = paths.length > 0 ? checkChain(exported, after ?? null, findings) : null;
  if (table !== null && ofExport !== null)
    compareWithFleet(exported, table.links, table.trimmedHash, findings);
  if (findings.count === 0) wasChecked(ofExport ?? ofFleet);
  const noted = head === undefined ? null : lookFor(head, [...exported, ...(table?.links ?? [])], findings);
  return {
    isWhole: findings.count === 0,
    fleet: ofFleet,
    export: ofExport && { ...ofExport, files: files.length },
    noted,
    problems: findings.count,
    findings: findings.kept,
  };
}

/** The newest entry's hash in the fleet; null = no entry has a hash yet. */
export async function auditHead(fleet: Pick<LeaderReads, "listAudit">): Promise<End | null> {
  const { entries } = await fleet.listAudit({ newest: true, rowsMax: 1 });
  const { index, hash } = entries.at(-1) ?? { index: 0, hash: "" };
  return hash === "" ? null : { index, hash };
}

/** A table may be trimmed while it is read: rarely more than once. */
const LISTS_MAX = 4;

interface FleetTable {
  readonly links: readonly Link[];
  readonly trimmedHash: string;
}

/** A chain without checked entries does not count as whole. */
function wasChecked(chain: Chain | null): void {
  if (chain === null || chain.entries > 0) return;
  throw new OperatorError("AUDIT_EXPORT_EMPTY", {
    what: "nothing was checked: there is no audit entry",
    why: "the given files, or the fleet's table, are empty",
    next: "give exported files with entries, or the folder of a node that led",
    exit: Exit.NotFound,
  });
}

async function tableOf(fleet: Pick<LeaderReads, "listAudit">): Promise<FleetTable> {
  for (let times = 1; ; times += 1) {
    const { entries, export: state } = await fleet.listAudit();
    const trimmedHash = state?.trimmedHash ?? "";
    // The last page names the hash of the trimmed entries: perhaps one of them was on the first page.
    const trimmed = trimmedHash === "" ? -1 : entries.findIndex(({ hash }) => hash === trimmedHash);
    const links = entries.slice(trimmed + 1).map(linkOf);
    // Or the whole first page was trimmed in between, and the pages do not follow each other.
    const oldest = entries.at(0);
    const isTorn = trimmed < 0 && oldest !== undefined && !follows(trimmedHash, oldest);
    if (trimmedHash === "" || !isTorn || times === LISTS_MAX) return { links, trimmedHash };
  }
}

const linkOf = (entry: AuditEntry): Link => ({ entry, previous: null, where: "the fleet" });

function lookFor(hash: string, links: readonly Link[], findings: Findings): AuditVerification["noted"] {
  const index = links.find(({ entry }) => entry.hash === hash)?.entry.index ?? null;
  if (index === null) {
    findings.add({ problem: "head-unknown", index, where: "--head", expected: hash, found: "no entry" });
  }
  return { hash, index };
}
