// What `fleet domain move` says of its batches.
import type { Line } from "./fleet-verdict.ts";

interface Moves {
  readonly dryRun: boolean;
  readonly moves: number;
  readonly batches: number;
  readonly accepted: number;
  readonly changed: number;
  readonly index: number | null;
}

export function movesLines({ dryRun, moves, batches, accepted, changed, index }: Moves): Line[] {
  const all = `${moves} moves in ${batches} ${batches === 1 ? "batch" : "batches"}`;
  if (accepted < batches) {
    const what = dryRun
      ? `${all}: ${batches - accepted} would be refused whole`
      : `${all}: ${accepted} were made; the next was refused whole, and none after it was tried`;
    return [{ text: what, mark: "bad" }];
  }
  if (changed === 0) return [{ text: `${all}: all is as asked for already`, mark: "good" }];
  if (dryRun) return [{ text: `${all} would be made`, mark: "unknown" }];
  return [{ text: `${all} made${index === null ? "" : ` (index ${index})`}`, mark: "good" }];
}
