// Checks entries as one chain, in the given order. What must stay true: after a break the check continues
// from the hash in the entry itself. So one change is one finding, or two where it touches two links.

import { recomputedHash } from "../fleet/audit/audit-chain.ts";
import { renderAuditEntry } from "../fleet/audit/render-audit.ts";
import type { AuditEntry } from "../wire/gen/fleet/v1/command.ts";
import type { Findings } from "./finding.ts";

/** An entry as it is kept somewhere. */
export interface Link {
  readonly entry: Readonly<AuditEntry>;
  /** The hash before it, as stored with the entry; null = it is not stored, as in a fleet's table. */
  readonly previous: string | null;
  readonly where: string;
}

export interface End {
  readonly index: number;
  readonly hash: string;
}

export interface Chain {
  readonly entries: number;
  /** Entries from before cluster version 2: they have no hash, so nothing here proves them. */
  readonly unchained: number;
  /** Entries whose words differ from those that this build makes from their facts. */
  readonly reworded: number;
  /** The hash before the first chained entry: empty = it is the chain's first, null = unknown. */
  readonly before: string | null;
  readonly first: End | null;
  readonly head: End | null;
}

/** `before`: the hash of the entry before the first one; null = it is not known. */
export function checkChain(links: readonly Link[], before: string | null, findings: Findings): Chain {
  let [unchained, reworded] = [0, 0];
  let [first, head]: [End | null, End | null] = [null, null];
  let start = before;
  for (const link of links) {
    const { entry, previous, where } = link;
    const { index, hash } = entry;
    if (hash === "") {
      unchained += 1;
      // The entry before the first one has a hash, so the first one had a hash too.
      if (head !== null || (before ?? "") !== "")
        findings.add({ problem: "unchained", index, where, expected: "a hash", found: "" });
      continue;
    }
    if (first === null) start = beginning(link, before, findings);
    const expected = head?.hash ?? start;
    if (head !== null && previous !== null && previous !== head.hash) {
      findings.add({ problem: "missing", index, where, expected: head.hash, found: previous });
    }
    const own = recomputedHash(previous ?? expected ?? "", entry);
    if (own !== hash) findings.add({ problem: "altered", index, where, expected: own, found: hash });
    if (renderAuditEntry({ ...entry, what: "" }).what !== entry.what) reworded += 1;
    head = { index, hash };
    first ??= head;
  }
  return { entries: links.length, unchained, reworded, before: start, first, head };
}

/** The hash before the first chained entry. */
function beginning({ entry, previous, where }: Link, before: string | null, findings: Findings): string {
  const found = previous ?? before ?? "";
  // Entries before a fleet's table were trimmed, and the fleet knows the hash of the last one.
  if (previous === null) return found;
  const expected = before ?? "";
  if (found !== expected) {
    findings.add({ problem: "truncated-head", index: entry.index, where, expected, found });
  }
  return found;
}

/** Whether the entry's hash follows `previous`. */
export function follows(previous: string, entry: Readonly<AuditEntry>): boolean {
  return recomputedHash(previous, entry) === entry.hash;
}
