// A YAML document that is one list of maps under one name, with the line of each: what the agents and machines files
// have in common. Pure text in, values out.

import { isMap, isSeq, LineCounter, parseDocument } from "yaml";

export interface YamlItem {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly line: number;
}

/** Throws what `invalid` makes of the line at fault and why. `each` says what an item should be. */
export function readYamlList(
  text: string,
  name: string,
  each: string,
  invalid: (line: number, why: string) => Error,
): YamlItem[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) throw invalid(lines.linePos(broken.pos[0]).line, firstLine(broken.message));
  const root = document.contents;
  const list = isMap(root) ? root.get(name, true) : undefined;
  if (!isSeq(list)) throw invalid(1, `expected \`${name}:\` with a list`);
  return list.items.map((item) => {
    if (!isMap(item)) throw invalid(1, each);
    return { fields: item.toJSON(), line: lines.linePos(item.range?.[0] ?? 0).line };
  });
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}
