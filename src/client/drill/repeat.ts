// Runs the same drill repeatedly, until the wanted number is reached or a run is not possible. A failed gate
// is a result, and the next run starts. An exception ends the series and keeps the earlier measurements.

import type { DrillReport } from "../../core/drill/report.ts";

export interface Repeated {
  readonly runs: readonly [DrillReport, ...DrillReport[]];
  /** The reason for an early end. */
  readonly failure: { readonly cause: unknown } | null;
}

/** Throws what the first run throws. `once` gets the run's number, from 1. */
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
