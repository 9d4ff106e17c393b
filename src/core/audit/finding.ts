// What is wrong with a chain of audit entries, and where. The code that shows it makes the sentences.

export type Problem =
  /** The entry's hash does not follow from its fields. */
  | "altered"
  /** The entry follows a different one than the one before it. */
  | "missing"
  /** The chain's beginning is missing. */
  | "truncated-head"
  /** The file's name says that it has more entries. */
  | "truncated-file"
  /** The entry's index is not above that of the entry before it. */
  | "reordered"
  /** Two places have different entries with the same index. */
  | "conflict"
  /** An entry without a hash after one with a hash. */
  | "unchained"
  /** It is not a line of an export. */
  | "malformed"
  /** The fleet has another entry at this index, or none. */
  | "forked"
  /** The export has entries that are newer than the newest one of the fleet. */
  | "ahead"
  /** No entry has the noted hash. */
  | "head-unknown";

export interface Finding {
  readonly problem: Problem;
  /** The entry's log index; null = it has none. */
  readonly index: number | null;
  /** "FILE:12" or "the fleet". */
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

/** One finding proves that the chain is broken; a thousand would hide where. */
const FINDINGS_MAX = 100;

/** Counts the findings and keeps the first ones. */
export class Findings {
  readonly kept: Finding[] = [];
  count = 0;

  add(finding: Finding): void {
    this.count += 1;
    if (this.kept.length < FINDINGS_MAX) this.kept.push(finding);
  }
}
