// The glyphs beside colours. All are one column wide, and each has an ASCII replacement for simple terminals.
import type { Mark } from "./table.ts";

export interface Symbols {
  readonly marks: Readonly<Record<Mark, string>>;
  /** Shown for an unknown value. */
  readonly none: string;
  readonly cursor: string;
  readonly ascending: string;
  readonly descending: string;
  /** Ends a text that was cut. */
  readonly ellipsis: string;
  /** Between two facts on one line. */
  readonly separator: string;
  readonly horizontal: string;
  /** Eight heights, lowest first. */
  readonly bars: string;
  /** What charts are drawn with. */
  readonly chart: "braille" | "bars";
  /** Stretches of time: a leader, a leader with a gap, no leader, not known. */
  readonly led: string;
  readonly gap: string;
  readonly leaderless: string;
  readonly unseen: string;
}

export const UNICODE: Symbols = {
  marks: { good: "●", warn: "▲", bad: "✗", unknown: "?" },
  none: "-",
  cursor: "›",
  ascending: "↑",
  descending: "↓",
  ellipsis: "…",
  separator: "·",
  horizontal: "─",
  bars: "▁▂▃▄▅▆▇█",
  chart: "braille",
  led: "━",
  gap: "▒",
  leaderless: "╳",
  unseen: "·",
};

export const ASCII: Symbols = {
  marks: { good: "+", warn: "!", bad: "x", unknown: "?" },
  none: "-",
  cursor: ">",
  ascending: "^",
  descending: "v",
  ellipsis: "~",
  separator: "|",
  horizontal: "-",
  bars: "_.:-=+*#",
  chart: "bars",
  led: "=",
  gap: "%",
  leaderless: "X",
  unseen: ".",
};
