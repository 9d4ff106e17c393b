// What the offline check says of one file. Data only.

export interface VerifiedFile {
  readonly file: string;
  /**
   * torn: the log ends in a frame that a crash cut off, never acknowledged; a start cuts it away.
   * leftover: an attempt that a crash ended and that nothing refers to; a start removes it.
   */
  readonly state: "ok" | "torn" | "leftover" | "damaged";
  /** Where it is torn or damaged; null for a file that is neither. */
  readonly offset: number | null;
  /** What it holds, or what is wrong. */
  readonly found: string;
  /** What to do; null = nothing. */
  readonly next: string | null;
}

export function damaged(file: string, offset: number, found: string, next: string): VerifiedFile {
  return { file, state: "damaged", offset, found, next };
}
