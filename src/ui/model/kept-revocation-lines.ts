// Which revocations the copy lacks, for an operator who restores or recovers.

import type { KeptReport } from "../../client/recover/kept-revocations.ts";
import type { Line } from "./line.ts";

const NAMED = 5;

/** Null: an interrupted command is finished, and the first one said it. */
export function keptRevocationLines(report: KeptReport | null): Line[] {
  if (report === null) return [];
  const { subjects, dropped, lists } = report;
  if (subjects.length > 0) {
    const more = subjects.length > NAMED ? ` and ${subjects.length - NAMED} more` : "";
    const named = `${subjects.slice(0, NAMED).join(", ")}${more}`;
    if (dropped)
      return [{ text: `revocations that the copy lacks are given up, as you asked: ${named}`, mark: "bad" }];
    return [{ text: `revocations that the copy lacks are kept: ${named}`, mark: "warn" }];
  }
  if (lists.length > 0) return [{ text: "the copy has all revocations that are known here", mark: "good" }];
  const text =
    "no list of revoked certificates was found here. Certificates that were revoked after the copy was made may be accepted again. Name folders with --revocations-from, or revoke again";
  return [{ text, mark: "warn" }];
}
