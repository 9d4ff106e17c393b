// Text in segments that know their style. Styles become escape codes only where the text is written.
import type { Symbols } from "./symbols.ts";
import type { Mark } from "./table.ts";

export type Style = Mark | "plain" | "banner" | "strong" | "faint" | "cursor";

export interface Segment {
  readonly text: string;
  readonly style: Style;
}

export const segment = (text: string, style: Style = "plain"): Segment => ({ text, style });

/** Adds escape codes to text, or leaves it unchanged. */
export interface Paint {
  mark(mark: Mark, text: string): string;
  /** The name of the fleet, in its context's colour. */
  banner(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
  inverse(text: string): string;
}

/** How things are drawn: the colours and glyphs that the terminal and the operator allow. */
export interface Look {
  readonly paint: Paint;
  readonly symbols: Symbols;
  /** A moment, in the zone that the operator reads. A text that is no time stays as it is. */
  readonly moment: (at: number | string) => string;
}

/** A line's segments as one text. */
export function paintLine(segments: readonly Segment[], paint: Paint): string {
  return segments.map(({ text, style }) => paintSegment(text, style, paint)).join("");
}

function paintSegment(text: string, style: Style, paint: Paint): string {
  switch (style) {
    case "plain":
      return text;
    case "banner":
      return paint.banner(text);
    case "strong":
      return paint.strong(text);
    case "faint":
      return paint.faint(text);
    case "cursor":
      return paint.inverse(text);
    case "good":
    case "warn":
    case "bad":
    case "unknown":
      return paint.mark(style, text);
  }
}
