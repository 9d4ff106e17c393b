// One function says whether an error is a certain one of the operating system (issue 12). Hand-written checks
// differed in what they accepted, such as a code in an error's text.

import { constants } from "node:os";
import { expect, test } from "vitest";
import { sourceFiles } from "./source-files.ts";

const CODE = `"(?:${Object.keys(constants.errno).join("|")})"`;
const HAND_WRITTEN = new RegExp(
  `[=!]==?\\s*${CODE}|${CODE}\\s*[=!]==?|case ${CODE}|\\[(?:${CODE}[,\\s]*)+\\]\\.(?:includes|indexOf)|\\b(?:includes|startsWith|endsWith)\\(${CODE}`,
);

test("a code of a system error is compared by isErrno only", () => {
  const wrong = sourceFiles("src/**/*.{ts,tsx}").filter(({ text }) => HAND_WRITTEN.test(text));
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test.each([
  { text: 'error.code === "ENOENT"', is: true },
  { text: '"EEXIST" !== systemCodeOf(error)', is: true },
  { text: '["ENOSPC", "EDQUOT"].includes(code)', is: true },
  { text: 'cause.message.includes("EADDRINUSE")', is: true },
  { text: 'isErrno(error, "ENOENT", "ENOTDIR")', is: false },
  { text: 'error.code === "ETCD_LOG_CHANGED"', is: false },
  { text: 'new Set(["EIO", "ESTALE"])', is: false },
])("$text: hand-written = $is", ({ text, is }) => {
  expect(HAND_WRITTEN.test(text)).toBe(is);
});
