// A distribution in fixed buckets, in Prometheus' form: cumulative counts, their sum and their number. Adding
// a value needs no memory, and histograms with the same bounds can be added up.

import { assert } from "./assert.ts";

export interface HistogramSnapshot {
  /** Ascending; values above the last one are counted only in `count`. */
  readonly bounds: readonly number[];
  /** For each bound, how many values are at most that large. */
  readonly cumulative: readonly number[];
  readonly count: number;
  readonly sum: number;
}

export class Histogram {
  readonly #bounds: readonly number[];
  /** One for each bound, and one for all values above. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    assert(
      bounds.every((bound, at) => bound > (bounds[at - 1] ?? Number.NEGATIVE_INFINITY)),
      "bounds ascend",
    );
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  record(value: number): void {
    assert(value >= 0, "what is counted is not negative");
    const at = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = at === -1 ? this.#bounds.length : at;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  snapshot(): HistogramSnapshot {
    let count = 0;
    const running = this.#counts.map((own) => {
      count += own;
      return count;
    });
    return { bounds: this.#bounds, cumulative: running.slice(0, -1), count, sum: this.#sum };
  }
}

/** All values of both, which must have the same bounds. */
export function addUp(left: HistogramSnapshot, right: HistogramSnapshot): HistogramSnapshot {
  assert(left.bounds === right.bounds, "only histograms of the same bounds are added up");
  const cumulative = left.cumulative.map((count, at) => count + (right.cumulative[at] ?? 0));
  return { bounds: left.bounds, cumulative, count: left.count + right.count, sum: left.sum + right.sum };
}

/**
 * The value that `share` of all values do not exceed, estimated within its bucket as Prometheus does. The
 * last bound when the value is above it; null without values.
 */
export function quantile({ bounds, cumulative, count }: HistogramSnapshot, share: number): number | null {
  assert(share > 0 && share <= 1, "a quantile is a share of the values");
  if (count === 0) return null;
  const rank = share * count;
  const at = cumulative.findIndex((upTo) => upTo >= rank);
  const upper = bounds[at];
  if (upper === undefined) return bounds.at(-1) ?? null;
  const [lower, below] = [bounds[at - 1] ?? 0, cumulative[at - 1] ?? 0];
  const inside = (cumulative[at] ?? 0) - below;
  return lower + (upper - lower) * ((rank - below) / inside);
}
