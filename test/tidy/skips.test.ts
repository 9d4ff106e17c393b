// No test passes without having looked. A test that is left out says so by one way, which prints what the machine
// lacks (test/lacks.ts). No test returns early.

import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";
import { sourceFiles } from "./source-files.ts";

const tests = sourceFiles("test/**/*.test.{ts,tsx}");
const SILENT = /\.(?:skipIf\((?!lacks|isLeftOut\b|isElsewhere\b).*|runIf\(.*|(?:skip|todo|only|fails)\(.*)/g;

interface Node {
  readonly type: string;
  readonly start: number;
  readonly callee?: Node;
  readonly object?: Node;
  readonly tag?: Node;
  readonly name?: string;
  readonly argument?: Node | null;
  readonly arguments?: readonly Node[];
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
const isFunction = ({ type }: Node): boolean => /Function/.test(type);

/** `test`, of test(…) and of test.each(…)(…). */
function calledName(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  return node.type === "Identifier" ? node.name : calledName(node.callee ?? node.object ?? node.tag);
}

/** Where a test's own function returns nothing. Functions inside it may. */
function earlyReturns(node: unknown, within: "a test" | "another function" | null = null): number[] {
  if (Array.isArray(node)) return node.flatMap((each) => earlyReturns(each, within));
  if (!isNode(node)) return [];
  if (node.type === "CallExpression" && calledName(node.callee) === "test") {
    return (node.arguments ?? []).flatMap((each) =>
      earlyReturns(isFunction(each) ? Object.values(each) : each, isFunction(each) ? "a test" : within),
    );
  }
  if (node.type === "ReturnStatement" && node.argument === null && within === "a test") return [node.start];
  const inside = within !== null && isFunction(node) ? "another function" : within;
  return earlyReturns(Object.values(node), inside);
}

test("a test is skipped only where the machine lacks something, and that is printed", () => {
  const silent = tests.flatMap(({ path, text }) =>
    (text.match(SILENT) ?? []).map((found) => `${path}: ${found}`),
  );
  expect(silent).toEqual([]);
});

test("what a skip names was printed by lacks", () => {
  const named = tests.filter(({ text }) => /\bskipIf\((?:isLeftOut|isElsewhere)\b/.test(text));
  expect(named.length).toBeGreaterThan(3);
  const unprinted = named.filter(
    ({ text }) => !/const (?:isLeftOut|isElsewhere) = lacks(?:Etcd)?\(/.test(text),
  );
  expect(unprinted.map(({ path }) => path)).toEqual([]);
});

test("no test returns early, as if it had passed", () => {
  const example = parseSync(
    "a.ts",
    `test.each([1])("x", (at) => { if (at === 1) return; expect(at).toBe(2); });`,
  );
  expect(earlyReturns(example.program)).toHaveLength(1);
  const found = tests.flatMap(({ path, text }) =>
    earlyReturns(parseSync(path, text).program).map(
      (start) => `${path}:${text.slice(0, start).split("\n").length}`,
    ),
  );
  expect(found).toEqual([]);
});
