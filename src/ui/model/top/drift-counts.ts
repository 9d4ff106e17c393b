// How many clusters are in each kind of drift. Each answer is counted once, not once a frame.

import type { ClusterView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import { type DriftWord, driftWord } from "../words.ts";

const known = new WeakMap<readonly ClusterView[], ReadonlyMap<DriftWord, number>>();

export function driftCounts(clusters: readonly ClusterView[]): ReadonlyMap<DriftWord, number> {
  const counted = known.get(clusters);
  if (counted !== undefined) return counted;
  const counts = new Map<DriftWord, number>();
  for (const { drift } of clusters) {
    const word = driftWord(drift);
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  known.set(clusters, counts);
  return counts;
}
