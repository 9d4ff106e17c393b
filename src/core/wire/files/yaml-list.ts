// A YAML document with one list of maps under one name, with the line of each: the common form of the agents
// and machines files. Pure text in, values out.

import { isMap, isSeq } from "yaml";
import { readYamlDocument, yamlValue } from "./yaml-text.ts";

export interface YamlItem {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly line: number;
}

/**
 * Throws the error that `invalid` makes from the line at fault and the reason. `each` says what an item
 * should be.
 */
export function readYamlList(
  text: string,
  name: string,
  each: string,
  invalid: (line: number, why: string) => Error,
): YamlItem[] {
  const read = readYamlDocument(text);
  if (!read.ok) throw invalid(read.line, read.why);
  const { document, lines } = read;
  const root = document.contents;
  const list = isMap(root) ? root.get(name, true) : undefined;
  if (!isSeq(list)) throw invalid(1, `expected \`${name}:\` with a list`);
  return list.items.map((item) => {
    if (!isMap(item)) throw invalid(1, each);
    const { line } = lines.linePos(item.range?.[0] ?? 0);
    const value = yamlValue(item, document);
    if (!value.ok) throw invalid(line, value.why);
    return { fields: value.value as YamlItem["fields"], line };
  });
}
