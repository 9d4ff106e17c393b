// What correct replicas say to each other is taken in: whatever else one drops is a finding.

import type { Dropped } from "../coordinator/group/dropped-messages.ts";
import { isLie } from "./lies.ts";
import { SafetyViolation } from "./violation.ts";

/** An answer of one that was removed, or a lie; anything else no correct replica makes another drop. */
export function refuseDropped(dropped: Dropped, onFatal: (error: unknown) => void): void {
  const { reason, type, from, term, index } = dropped;
  if (reason === "peer-not-found" || isLie(dropped)) return;
  onFatal(
    new SafetyViolation("dropped-message", `${type} of ${from} in term ${term} at ${index}: ${reason}`),
  );
}
