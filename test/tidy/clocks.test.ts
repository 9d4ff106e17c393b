// The wall clock may be set at any moment, so the core reads it in one place and measures nothing by it (ADR-0020).

import { expect, test } from "vitest";
import { sourceFiles } from "./source-files.ts";

const WALL_CLOCK = /\bDate\.now\b|\bnew Date\(\)|\bDate\(\)/;
const ALLOWED = ["src/core/base/clock.ts"];

test("in src/core only the clock's own file reads the wall clock", () => {
  const wrong = sourceFiles("src/core/**/*.ts").filter(
    ({ path, text }) => !ALLOWED.includes(path) && WALL_CLOCK.test(text.replace(/\/\/.*$/gm, "")),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});
