// One frame of a watch on a terminal: drawn over the last one without clearing first, so that it does not flicker,
// and never taller than the terminal, which would scroll.

const HOME = "\u001B[H";
const ERASE_TO_END_OF_LINE = "\u001B[K";
const ERASE_BELOW = "\u001B[J";
// A line wider than the terminal is cut by it instead of wrapping into a second row.
const WRAP_OFF = "\u001B[?7l";
const WRAP_ON = "\u001B[?7h";

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
