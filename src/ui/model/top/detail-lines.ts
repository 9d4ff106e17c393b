// An open row as lines: labels on the left, values beside them, scrolled.
import { fitLine } from "../fit.ts";
import { segment } from "../paint.ts";
import type { Symbols } from "../symbols.ts";
import type { DetailLine } from "./details.ts";
import { cellStyle, cellText, type Line } from "./table-lines.ts";

const LABEL_MAX = 28;

export function detailLines(
  details: readonly DetailLine[],
  place: { readonly width: number; readonly height: number; readonly scroll: number },
  look: { readonly wallMs: number; readonly symbols: Symbols },
): Line[] {
  const { width, height } = place;
  const known = details.filter(({ cell }) => cell === undefined || cell !== null);
  const labels = known.filter(({ cell }) => cell !== undefined).map(({ label }) => label.length);
  const room = Math.min(LABEL_MAX, Math.max(0, ...labels)) + 2;
  const scroll = Math.max(0, Math.min(place.scroll, known.length - height));
  return known.slice(scroll, scroll + Math.max(0, height)).map(({ label, cell }) => {
    const line =
      cell === undefined
        ? [segment(`  ${label}`, "strong")]
        : [
            segment(`  ${label.slice(0, LABEL_MAX).padEnd(room)}`, "faint"),
            segment(cellText(cell, look), cellStyle(cell, false, false)),
          ];
    return fitLine(line, width, look.symbols.ellipsis);
  });
}
