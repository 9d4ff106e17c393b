// A row of bars, one a sample, scaled to the largest shown.

/** The last `width` samples as bars of `bars` (lowest first); fewer samples are padded on the left. */
export function sparkline(samples: readonly number[], width: number, bars: string): string {
  const shown = width > 0 ? samples.slice(-width) : [];
  const highest = Math.max(0, ...shown);
  const heights = [...bars];
  const drawn = shown.map((sample) => heights[barHeight(sample, highest, heights.length)] ?? "");
  return drawn.join("").padStart(Math.max(0, width));
}

// Zero is the lowest bar: the smallest activity is one step above it.
function barHeight(sample: number, highest: number, count: number): number {
  if (sample <= 0 || highest <= 0) return 0;
  return Math.max(1, Math.min(count - 1, Math.round((sample / highest) * (count - 1))));
}
