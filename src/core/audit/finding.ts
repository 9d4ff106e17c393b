// What is wrong with a chain of audit entries, and where. Sentences are made where it is shown.

export type Problem =
  /** The entry's fields do not lead to its hash. */
  | "altered"
  /** The entry follows another one than the one before it. */
  | "missing"
  /** The chain's beginning is not there. */
  | "truncated-head"
  /** The file's name says that it has more entries. */
  | "truncated-file"
  /** The entry's index is not above that of the one before it. */
  | "reordered"
  /** Two places have different entries of one index. */
  | "conflict"
  /** An entry without a hash behind one that has one. */
  | "unchained"
  /** It is no line of an export. */
  | "malformed"
  /** The fleet has another entry at this index, or none. */
  | "forked"
  /** The export has entries that are newer than the newest of the fleet. */
  | "ahead"
  /** The noted hash is that of no entry. */
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

/** One of them says that the chain is broken; a thousand would hide where. */
const FINDINGS_MAX = 100;

/** What was found, counted, and the first of it kept. */
export class Findings {
  readonly kept: Finding[] = [];
  count = 0;

  add(finding: Finding): void {
    this.count += 1;
    if (this.kept.length < FINDINGS_MAX) this.kept.push(finding);
  }
}
