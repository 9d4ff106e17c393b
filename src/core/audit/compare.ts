// Compares an export with the fleet that made it. An entry that both have must be the same, and the fleet's table must
// continue where the export ends.

import { AUDIT_ENTRIES_MAX } from "../fleet/limits.ts";
import type { Link } from "./check-chain.ts";
import type { Findings } from "./finding.ts";

/**
 * `trimmedHash`: hash of the newest entry that was trimmed from the fleet's table. Both lists are ordered by
 * index.
 */
export function compareWithFleet(
  exported: readonly Link[],
  fleet: readonly Link[],
  trimmedHash: string,
  findings: Findings,
): void {
  const [oldest, newest] = [fleet.at(0)?.entry.index ?? 1, fleet.at(-1)?.entry.index ?? 0];
  // Entries without a hash may have been trimmed without leaving a hash: only a full table is trimmed.
  const mayBeTrimmed = ({ hash }: Link["entry"]) =>
    trimmedHash !== "" || (hash === "" && fleet.length >= AUDIT_ENTRIES_MAX);
  const byIndex = new Map(fleet.map((link) => [link.entry.index, link.entry]));
  for (const { entry, where } of exported) {
    const { index, hash } = entry;
    if (index < oldest && mayBeTrimmed(entry)) continue;
    if (index > newest) {
      findings.add({ problem: "ahead", index, where, expected: `at most ${newest}`, found: String(index) });
      return;
    }
    const there = byIndex.get(index);
    if (there === undefined || there.hash !== hash || (hash === "" && !areSame(there, entry))) {
      findings.add({ problem: "forked", index, where, expected: there?.hash ?? "no entry", found: hash });
    }
  }
  continues(exported, fleet, trimmedHash, oldest, findings);
}

/** The export's last entry is in the table, or the table's oldest entry follows it. */
function continues(
  exported: readonly Link[],
  fleet: readonly Link[],
  trimmedHash: string,
  oldest: number,
  findings: Findings,
): void {
  const last = exported.at(-1)?.entry;
  if (last === undefined || last.index >= oldest || last.hash === trimmedHash) return;
  const index = fleet.at(0)?.entry.index ?? null;
  findings.add({ problem: "missing", index, where: "the fleet", expected: last.hash, found: trimmedHash });
}

// Without a hash only the fields can be compared. Facts were introduced together with the chain.
function areSame(left: Link["entry"], right: Link["entry"]): boolean {
  const { atMs, actor, reason, what } = left;
  return atMs === right.atMs && actor === right.actor && reason === right.reason && what === right.what;
}
