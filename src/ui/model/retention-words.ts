// How a rule of retention is said.

import type { KeyRetentionRule } from "../../core/wire/gen/fleet/v1/coordinator.ts";

/** Continues "history is kept". */
export function retentionWords(
  { windowMs, revisionsMax }: KeyRetentionRule,
  duration: (ms: number) => string,
): string {
  if (windowMs === 0 && revisionsMax === 0) return "until it is compacted";
  const revisions = `at most ${revisionsMax} revisions`;
  if (windowMs === 0) return `for ${revisions}`;
  return `for ${duration(windowMs)}${revisionsMax === 0 ? "" : `, ${revisions}`}`;
}
