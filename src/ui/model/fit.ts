// Text cut and padded to an exact number of columns. Everything in the dashboard passes here, so a row is
// never wider than its place, and no foreign text can move the cursor.
import { type Segment, segment } from "./paint.ts";

// Every terminal draws these in one column: Latin, Greek, Cyrillic and the glyphs of symbols.ts. Any other
// character takes two columns (CJK, emoji) or none (combining marks), or moves the cursor (control
// characters).
const ELSE =
  /[^ -~\u00A1-\u00AC\u00AE-\u02FF\u0370-\u0482\u048A-\u04FF\u2010-\u2027\u203A\u2190-\u2193\u2500-\u259F\u2800-\u28FF\u25B2\u25CF\u2717]/gu;

/** `text` with one column a character. */
export const oneColumnEach = (text: string): string => text.replaceAll(ELSE, "?");

/** Exactly `width` columns: cut with `ellipsis` (one column wide), or padded with spaces. */
export function fitText(text: string, width: number, ellipsis: string): string {
  if (width <= 0) return "";
  const characters = [...oneColumnEach(text)];
  if (characters.length <= width) return characters.join("").padEnd(width);
  return `${characters.slice(0, width - 1).join("")}${ellipsis}`;
}

/**
 * A line of exactly `width` columns: segments that do not fit are cut, and the rest is filled with spaces.
 */
export function fitLine(segments: readonly Segment[], width: number, ellipsis: string): Segment[] {
  const line: Segment[] = [];
  let left = width;
  for (const { text, style } of segments) {
    if (left === 0) break;
    const shown = text.length <= left ? oneColumnEach(text) : fitText(text, left, ellipsis);
    line.push(segment(shown, style));
    left -= shown.length;
  }
  return left > 0 ? [...line, segment(" ".repeat(left))] : line;
}
