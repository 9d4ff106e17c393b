// The result of the offline check for one file. Data only.

export interface VerifiedFile {
  readonly file: string;
  /**
   * torn: the log ends in a frame that a crash cut off and that was never acknowledged; a start removes it.
   * leftover: an unfinished file of a crash, to which nothing refers; a start removes it.
   */
  readonly state: "ok" | "torn" | "leftover" | "damaged";
  /** Where it is torn or damaged; null for any other file. */
  readonly offset: number | null;
  /** What the file holds, or what is wrong. */
  readonly found: string;
  /** What to do; null = nothing. */
  readonly next: string | null;
}

export function damaged(file: string, offset: number, found: string, next: string): VerifiedFile {
  return { file, state: "damaged", offset, found, next };
}
