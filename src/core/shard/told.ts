// Selects the rows of a list that fit a report (wire/report-limits.ts), and counts the others. Must stay
// true: one cluster's rows never displace all rows of another cluster, however grave its agent says that they
// are. Pure.

import type { DoubleDial, Shortfall } from "../wire/gen/fleet/v1/coordinator.ts";
import type { ClusterDemand } from "../wire/gen/fleet/v1/shard.ts";
import { DOUBLE_DIALS_MAX, SHORTFALL_BYTES_MAX, SHORTFALLS_MAX } from "../wire/report-limits.ts";
import { demandBytes } from "../wire/session-protocol.ts";
import { shortfallBytes } from "../wire/shortfall-bytes.ts";

export interface Told<Row> {
  readonly rows: Row[];
  readonly leftOut: number;
}

/** This many rows of each cluster come before more rows of any cluster. */
const OF_EACH_CLUSTER = 10;
/** Limit of GetShardStatus for all clusters' demand. */
const STATUS_DEMAND_BYTES_MAX = 1024 * 1024;
const GROUP_BYTES = 16;

/**
 * The gravest first, in the given order. `asShortfall` is called only for the selected rows, and for a few
 * that do not fit.
 */
export function toldShortfalls<Row extends { readonly cluster: string }>(
  gravest: readonly Row[],
  asShortfall: (row: Row) => Shortfall,
): Told<Shortfall> {
  const counts = new Map<string, number>();
  const first: Row[] = [];
  const later: Row[] = [];
  for (const row of gravest) {
    const count = (counts.get(row.cluster) ?? 0) + 1;
    counts.set(row.cluster, count);
    (count <= OF_EACH_CLUSTER ? first : later).push(row);
  }
  const chosen = new Map<Row, Shortfall>();
  let bytes = 0;
  for (const row of [...first, ...later]) {
    if (chosen.size === SHORTFALLS_MAX) break;
    const shortfall = asShortfall(row);
    if (bytes + shortfallBytes(shortfall) > SHORTFALL_BYTES_MAX) continue;
    bytes += shortfallBytes(shortfall);
    chosen.set(row, shortfall);
  }
  const rows = gravest.flatMap((row) => chosen.get(row) ?? []);
  return { rows, leftOut: gravest.length - rows.length };
}

/** The newest, in the given order. */
export function toldDoubleDials(dials: readonly DoubleDial[]): Told<DoubleDial> {
  if (dials.length <= DOUBLE_DIALS_MAX) return { rows: [...dials], leftOut: 0 };
  const newest = new Set(dials.toSorted((a, b) => a.lastAgeMs - b.lastAgeMs).slice(0, DOUBLE_DIALS_MAX));
  return { rows: dials.filter((dial) => newest.has(dial)), leftOut: dials.length - newest.size };
}

/**
 * Every cluster, each with all of its groups or, once there is no room, with none. `leftOut` counts groups.
 */
export function toldDemand(clusters: readonly ClusterDemand[]): Told<ClusterDemand> {
  let bytes = 0;
  let leftOut = 0;
  const rows = clusters.map((row) => {
    const own = demandBytes(row.groups) + row.groups.length * GROUP_BYTES;
    if (bytes + own <= STATUS_DEMAND_BYTES_MAX) {
      bytes += own;
      return row;
    }
    leftOut += row.groups.length;
    return { ...row, groups: [] };
  });
  return { rows, leftOut };
}
