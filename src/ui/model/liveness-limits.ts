// After how long without a report a shard is suspect, and dead, as the flags of a coordinator have it. Pure.
import { Exit, OperatorError } from "../../core/base/errors.ts";

/** Throws an OperatorError (usage). */
export function livenessLimits(
  suspectAfterMs: number,
  deadAfterMs: number,
): { readonly suspectAfterMs: number; readonly deadAfterMs: number } {
  if (suspectAfterMs > 0 && suspectAfterMs < deadAfterMs) return { suspectAfterMs, deadAfterMs };
  throw new OperatorError("USAGE", {
    what: "--suspect-after is neither more than nothing nor less than --dead-after",
    why: "a shard is suspected before it is taken for dead",
    next: "give for example --suspect-after 30s --dead-after 60s",
    exit: Exit.Usage,
  });
}
