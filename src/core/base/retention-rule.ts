// A rule of retention for the history of keys: its limits, and how it is said.

/** Of a window. It decides outcomes, as the limits of the tables do (core/fleet/limits.ts). */
export const WINDOW_DAYS_MAX = 365;
/** A list in pages and a watch that reconnects need the revisions of the last seconds. */
export const REVISIONS_MIN = 1_000;

interface Rule {
  /** 0 = no promise. */
  readonly windowMs: number;
  /** 0 = no limit. */
  readonly revisionsMax: number;
}

/** Continues "history is kept". */
export function retentionWords({ windowMs, revisionsMax }: Rule, duration: (ms: number) => string): string {
  if (windowMs === 0 && revisionsMax === 0) return "until it is compacted";
  const revisions = `at most ${revisionsMax} revisions`;
  if (windowMs === 0) return `for ${revisions}`;
  return `for ${duration(windowMs)}${revisionsMax === 0 ? "" : `, ${revisions}`}`;
}
