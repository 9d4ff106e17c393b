// docs/drills.md says which drills the integration tests run, and which only `npm run drills`. It names each drill
// once, and a test runs those of the first list.

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DRILLS } from "../../src/core/drill/catalog.ts";
import { root } from "../cli/manifest.ts";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const [, part = ""] = read("docs/drills.md").split("## Which drills our tests run\n");
const [, ofTests = "", ofScript = ""] = part.split(/^- \*/m);
const names = DRILLS.map(({ name }) => name);

/** The drills in a text, as they are quoted there. */
const drillsIn = (text: string): string[] =>
  [...text.matchAll(/`([a-z-]+)`/g)].map(([, name = ""]) => name).filter((name) => names.includes(name));

test("each drill is named once, by the tests that run it", () => {
  const [scripted = ""] = ofScript.split("\n\n");
  expect([...drillsIn(ofTests), ...drillsIn(scripted)].toSorted()).toEqual(names.toSorted());
});

test("integration tests run those that the page says they do", () => {
  const texts = globSync("test/integration/*.test.ts", { cwd: root }).map(read);
  const quoted = new Set(texts.flatMap((text) => [...text.matchAll(/"([a-z-]+)"/g)].map(([, name]) => name)));
  expect(drillsIn(ofTests).filter((name) => !quoted.has(name))).toEqual([]);
});
