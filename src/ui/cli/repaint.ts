// Frames on a terminal, each drawn over the last one without clearing the screen first, so that it does not flicker. One of a watch is
// never taller than the terminal, which would scroll.

const HOME = "\u001B[H";
const ERASE_TO_END_OF_LINE = "\u001B[K";
const ERASE_BELOW = "\u001B[J";
const ERASE_SCREEN = "\u001B[2J";
// A line wider than the terminal is cut by it instead of wrapping into a second row.
const WRAP_OFF = "\u001B[?7l";
const WRAP_ON = "\u001B[?7h";
// A terminal that knows this shows the rows of a frame together; others ignore it.
const TOGETHER = "\u001B[?2026h";
const SHOW = "\u001B[?2026l";

/** Starts a watch: an empty screen, with what was on it kept in the scrollback. */
export const clearScreen = (rows: number): string => `${"\n".repeat(rows)}${HOME}${ERASE_BELOW}`;

/** Escape codes and text that show `text` in a terminal of `rows` rows. */
export function repaint(text: string, rows: number): string {
  const lines = text.split("\n");
  const fitting = Math.max(1, rows - 1);
  const hidden = lines.length - fitting;
  const shown = hidden > 0 ? [...lines.slice(0, fitting - 1), `… ${hidden + 1} more lines`] : lines;
  const painted = shown.map((line) => `${line}${ERASE_TO_END_OF_LINE}\n`).join("");
  return `${WRAP_OFF}${HOME}${painted}${ERASE_BELOW}${WRAP_ON}`;
}

/**
 * Escape codes and text that turn the rows `before` into `after`, as many; empty when they are the same. Null: the screen is erased
 * first. A row that a terminal shows wider than it was counted is cut, for a wrapped one would scroll the screen. A row is erased before it is drawn: behind a text that ends in the last column, that character would be erased.
 */
export function repaintRows(before: readonly string[] | null, after: readonly string[]): string {
  const changed = after.flatMap((row, at) =>
    row === (before?.[at] ?? "") ? [] : [`\u001B[${at + 1};1H${ERASE_TO_END_OF_LINE}${row}`],
  );
  const erased = before === null ? ERASE_SCREEN : "";
  return changed.length === 0 && erased === ""
    ? ""
    : `${TOGETHER}${WRAP_OFF}${erased}${changed.join("")}${HOME}${WRAP_ON}${SHOW}`;
}
