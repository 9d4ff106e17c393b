// After how long without a report a shard is suspect, and dead, from a coordinator's flags. Pure.
import { Exit, OperatorError } from "../../core/base/errors.ts";

/** Throws an OperatorError (usage). */
export function livenessLimits(
  suspectAfterMs: number,
  deadAfterMs: number,
): { readonly suspectAfterMs: number; readonly deadAfterMs: number } {
  if (suspectAfterMs > 0 && suspectAfterMs < deadAfterMs) return { suspectAfterMs, deadAfterMs };
  throw new OperatorError("USAGE", {
    what: "--suspect-after must be above zero and below --dead-after",
    why: "a shard is suspect before it is dead",
    next: "give for example --suspect-after 30s --dead-after 60s",
    exit: Exit.Usage,
  });
}
