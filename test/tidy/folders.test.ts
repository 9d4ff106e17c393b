// One place makes the folders of tests, so that one place names them and removes them.

import { expect, test } from "vitest";
import { sourceFiles } from "./source-files.ts";

const MAKES = /\bmkdtemp\w*[(]/;
const MAKER = "test/make-folder.ts";

test("tests make their folders by make-folder.ts alone", () => {
  const makers = sourceFiles("test/**/*.ts").filter(({ text }) => MAKES.test(text));
  expect(makers.map(({ path }) => path)).toEqual([MAKER]);
});
