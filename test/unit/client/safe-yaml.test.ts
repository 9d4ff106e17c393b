// YAML of texts that others chose: printable, and the same texts when it is read (issue 11, terminal injection).
import { expect, test } from "vitest";
import { Document, isMap, parse, parseDocument } from "yaml";
import { safeYaml } from "../../../src/client/safe-yaml.ts";
import { hostileTexts, UNSAFE } from "../base/hostile-text.ts";

test("any text parses to itself, as a key, a value and an item", () => {
  for (const text of hostileTexts(21, 1_500)) {
    const value = { [text]: text, list: [text, { name: text, [`k${text}`]: [text] }], after: 1 };
    const yaml = safeYaml(value);
    expect(yaml).not.toMatch(UNSAFE);
    expect(parse(yaml)).toEqual(value);
  }
});

test("a long text with line ends stays on one line", () => {
  const yaml = safeYaml(
    { name: `${"long ".repeat(30)}\n\nexecutor:\n  kind: command`, after: 1 },
    { lineWidth: 0 },
  );
  expect(yaml.trimEnd().split("\n")).toHaveLength(2);
});

test("no comment begins a line of the document", () => {
  for (const text of hostileTexts(22, 1_500)) {
    const document = new Document({ first: { a: 1 } });
    document.commentBefore = text;
    document.comment = text;
    const first = document.get("first");
    if (isMap(first)) first.commentBefore = ` ${text}`;
    const yaml = safeYaml(document, { lineWidth: 0 });
    expect(yaml).not.toMatch(UNSAFE);
    expect(parseDocument(yaml).toJS()).toEqual({ first: { a: 1 } });
  }
});
