// How many columns of a terminal a text takes: colours take none, combining marks none, CJK and emoji two.
import { stripVTControlCharacters } from "node:util";

// Nearly all texts: a character is a column, and there is nothing to look at one by one.
const PLAIN = /^[ -~\u00A1-\u02FF\u0370-\u0482\u048A-\u04FF\u2010-\u2027\u2190-\u2193\u2500-\u25FF\u2717]*$/u;
const MARK = /^\p{M}+$/u;
const WIDE =
  /\p{Emoji_Presentation}|\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|[\u{20000}-\u{3FFFD}]/u;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

export function columnsOf(styled: string): number {
  const text = styled.includes("\u001B") ? stripVTControlCharacters(styled) : styled;
  if (PLAIN.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (!MARK.test(segment)) columns += WIDE.test(segment) ? 2 : 1;
  }
  return columns;
}
