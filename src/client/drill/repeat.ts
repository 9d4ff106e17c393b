// The same drill again and again, until it was made so often or could not be made. A gate that fails is a result, and
// the next run begins; what throws ends the series, and what was measured until then stays.

import type { DrillReport } from "../../core/drill/report.ts";

export interface Repeated {
  readonly runs: readonly [DrillReport, ...DrillReport[]];
  /** What ended it early. */
  readonly failure: { readonly cause: unknown } | null;
}

/** Throws what the first run throws. `once` is told the run's number, from 1. */
export async function repeatDrill(
  wanted: number,
  once: (run: number) => Promise<DrillReport>,
): Promise<Repeated> {
  const runs: [DrillReport, ...DrillReport[]] = [await once(1)];
  while (runs.length < wanted) {
    try {
      runs.push(await once(runs.length + 1));
    } catch (cause) {
      return { runs, failure: { cause } };
    }
  }
  return { runs, failure: null };
}
