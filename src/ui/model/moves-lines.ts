// The lines of `fleet domain move` about its batches.

import type { MovesReport } from "../../client/domains/move-domains.ts";
import type { Line } from "./line.ts";

type Moves = Omit<MovesReport, "refused">;

export function movesLines({ dryRun, moves, batches, accepted, changed, index }: Moves): Line[] {
  const all = `${moves} moves in ${batches} ${batches === 1 ? "batch" : "batches"}`;
  if (accepted < batches) {
    return [{ text: `${all}: ${dryRun ? refusedOf(batches - accepted) : madeOf(accepted)}`, mark: "bad" }];
  }
  if (changed === 0) return [{ text: `${all}: nothing to change`, mark: "good" }];
  if (dryRun) return [{ text: `${all} would be made`, mark: "unknown" }];
  return [{ text: `${all} made${index === null ? "" : ` (index ${index})`}`, mark: "good" }];
}

function refusedOf(batches: number): string {
  return `${batches} ${batches === 1 ? "batch" : "batches"} would be refused as a whole`;
}

function madeOf(batches: number): string {
  if (batches === 0) return "nothing was moved: the first batch was refused as a whole";
  const made =
    batches === 1 ? "the first batch was committed" : `the first ${batches} batches were committed`;
  return `${made}; the next was refused as a whole, and the rest was not tried`;
}
