// Text cut and padded to an exact number of columns. Everything that reaches the dashboard goes through here, so a
// row is never wider than its place and nothing that others wrote can move the cursor.
import { type Segment, segment } from "./paint.ts";

// Control characters, and what terminals draw two columns wide (from Hangul Jamo on) or none (combining marks).
const UNSAFE = /[\p{Cc}\p{Cf}\p{M}\u{1100}-\u{10FFFF}]/gu;

/** `text` with one column a character. */
export const oneColumnEach = (text: string): string => text.replaceAll(UNSAFE, "?");

/** Exactly `width` columns: cut with `ellipsis` (one column wide), or padded with spaces. */
export function fitText(text: string, width: number, ellipsis: string): string {
  if (width <= 0) return "";
  const characters = [...oneColumnEach(text)];
  if (characters.length <= width) return characters.join("").padEnd(width);
  return `${characters.slice(0, width - 1).join("")}${ellipsis}`;
}

/** A line of exactly `width` columns: segments that do not fit are cut, the rest is spaces. */
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
