// The line below an answer that may be old, so that no reader takes it for the newest.

import { formatDuration } from "../../core/base/duration.ts";
import type { ReadStamp } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Line } from "./line.ts";

/** A report, which may have a replica's stamp. */
export interface MaybeStamped {
  readonly stamp?: ReadStamp | undefined;
}

/** Null: it is linearizable, as reads are by default, or not a read of the tables. */
export function stampLine({ stamp }: MaybeStamped): Line | null {
  if (stamp?.mayBeOld !== true) return null;
  const { nodeName, index, ageMs } = stamp;
  const missing =
    ageMs === undefined
      ? "later changes are missing"
      : `only changes of the last ${formatDuration(ageMs)} can be missing`;
  return { text: `this may be old: ${nodeName} answered, at index ${index}; ${missing}`, mark: "warn" };
}

/** Whether the answering replica hears no shards. */
export function isWithoutReports({ stamp }: MaybeStamped): boolean {
  return stamp?.mayBeOld === true && !stamp.leads;
}
