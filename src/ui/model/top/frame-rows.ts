// A frame as the rows of a screen: painted texts, without the blanks at their ends.

import { type Look, paintLine } from "../paint.ts";
import { type FrameSize, topFrame } from "./frame.ts";
import type { TopState } from "./state.ts";
import type { Line } from "./table-lines.ts";

/** `fills`: the footer is in the last row, even when there is little to show. */
export function frameRows(state: TopState, size: FrameSize, look: Look, fills: boolean): readonly string[] {
  const { header, body, footer } = topFrame(state, size, look.symbols);
  const painted = (line: Line): string => paintLine(line, look.paint).trimEnd();
  const above = [...header, ...body].map(painted);
  const blank = fills ? Math.max(0, size.rows - above.length - 1) : 0;
  return [...above, ...new Array<string>(blank).fill(""), painted(footer)];
}
