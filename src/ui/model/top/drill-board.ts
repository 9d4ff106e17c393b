// What the drills view is made of: drills that are possible here or why not, interrupted ones, and reports. It comes of files on this
// machine and of what the fleet allows (src/ui/cli/drill-board.ts).

/** As a recording keeps it: plain data. */
export interface DrillBoard {
  readonly left: readonly LeftDrill[];
  readonly drills: readonly BoardDrill[];
  /** The newest first. */
  readonly reports: readonly BoardReport[];
}

/** A drill that runs, or that was interrupted and left its journal. */
export interface LeftDrill {
  readonly name: string;
  readonly drill: string;
  readonly startedMs: number | null;
  readonly isRunning: boolean;
  /** What is still to be taken back, in words. */
  readonly undo: readonly string[];
}

export interface BoardDrill {
  readonly name: string;
  readonly summary: string;
  /** Whom it hits, and what clients must see, in words. */
  readonly victims: string;
  readonly expects: string;
  /** Null: it is possible. */
  readonly whyNot: string | null;
}

export interface BoardReport {
  /** The file's name. */
  readonly name: string;
  readonly drill: string;
  readonly startedMs: number | null;
  /** Null: the file cannot be read as a report. */
  readonly verdict: "pass" | "fail" | null;
  /** What the command showed of it. */
  readonly lines: readonly string[];
}
