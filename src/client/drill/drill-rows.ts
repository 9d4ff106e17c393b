// Where a drill's rows are. All are probes under the drill's name, because that is the name that a role allows
// (docs/roles-and-audit.md). Their numbers tell them apart. What must stay true: no two runs use the same numbers.
// Otherwise a late write of one run would count in the next one.

import type { ListProbesResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { FleetClient } from "../fleet-client.ts";

/** Numbers from the first one to just below the second one. */
export interface ProbeRange {
  readonly fromNumber: number;
  readonly belowNumber: number;
}

/** A time in milliseconds stays below this for 3 000 years, and a thousandfold one of today is above it. */
const RUNS_FROM = 1e14;
/** Row 0, and the time at which the drill that has the lock began. */
export const LOCK_ROWS: ProbeRange = { fromNumber: 0, belowNumber: RUNS_FROM };
/** Row 0 of them. */
export const LOCK_ITSELF: ProbeRange = { fromNumber: 0, belowNumber: 1 };

/** Instead of a drill's name, to read rows. */
export const EVERY_DRILL = "";

/** A drill writes at most 2 000 rows a second. So its numbers end before those of a run that begins after it. */
const NUMBERS_PER_MS = 1_000;

/** The rows of the run that began at `sinceMs`. */
export function rowsOfRun(sinceMs: number): { readonly registers: ProbeRange; readonly writes: ProbeRange } {
  const fromNumber = sinceMs * NUMBERS_PER_MS;
  const belowNumber = fromNumber + NUMBERS_PER_MS;
  return {
    registers: { fromNumber, belowNumber },
    writes: { fromNumber: belowNumber, belowNumber: Number.MAX_SAFE_INTEGER },
  };
}

/** The rows in the range, counted from its first number. */
export async function listRows(
  client: Pick<FleetClient, "listProbes">,
  drill: string,
  range: ProbeRange,
  options: { readonly deadlineMs?: number } = {},
): Promise<ListProbesResponse> {
  const { fromNumber, belowNumber } = range;
  const { probes, stamp } = await client.listProbes(drill, { ...options, ...range });
  // A coordinator of an older build knows no ranges, and answers with all rows.
  const within = probes.filter(({ number }) => number >= fromNumber && number < belowNumber);
  return { stamp, probes: within.map((probe) => ({ ...probe, number: probe.number - fromNumber })) };
}
