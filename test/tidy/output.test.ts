// No output goes around src/ui/cli/terminal.ts, which escapes what could move a cursor or hide text (issue 11).

import { expect, test } from "vitest";
import { sourceFiles } from "./source-files.ts";

const WRITES =
  /\b(?:stdout|stderr)\s*\.\s*(?:write|end|_write|cork)\b|\bconsole\s*\.|\bthis\s*\.\s*(?:log|warn|logJson|logToStderr)\s*\(|\bux\s*\.|\bwriteSync\s*\(|\{\s*write\s*\}\s*=|["']\/dev\/(?:tty|stdout|stderr|fd)/;
const STREAMS = /\bprocess\s*\.\s*(?:stdout|stderr)\b(?!\s*\.\s*(?:isTTY|rows|columns)\b)/g;
// Where the whole stream is handed on: to find out whether it is a terminal, or to one that escapes by itself.
const HANDED_ON = /\b(?:this\.)?(?:look|#paint)\(process\.(?:stdout|stderr)\)/g;

// terminal.ts: the place itself. pipes.ts: listens, never writes. confirm.ts: readline's prompt, of printable parts.
// top-dashboard.tsx and top.ts: terminal.ts draws the rows, of texts that fit.ts lets through.
const STREAM_USERS = ["src/ui/cli/confirm.ts", "src/ui/cli/pipes.ts", "src/ui/cli/terminal.ts"];
const files = ["src/ui", "src/commands", "src/client"].flatMap((folder) =>
  sourceFiles(`${folder}/**/*.{ts,tsx}`),
);
const code = (text: string) => text.replaceAll(/\/\/.*$|\/\*[\s\S]*?\*\//gm, "");

test("only terminal.ts writes to standard output and standard error", () => {
  const writers = files.filter(({ text }) => WRITES.test(code(text))).map(({ path }) => path);
  expect(writers).toEqual(["src/ui/cli/terminal.ts"]);
});

test("no other file gets hold of the streams", () => {
  const holders = files
    .filter(({ text }) => STREAMS.test(code(text).replaceAll(HANDED_ON, "")))
    .map(({ path }) => path);
  expect(holders).toEqual(STREAM_USERS);
});

test("oclif's help and the core have no way of their own", () => {
  const core = sourceFiles("src/core/**/*.ts").filter(({ text }) =>
    /\bconsole\s*\.|process\.(?:stdout|stderr)/.test(code(text)),
  );
  expect(core.map(({ path }) => path)).toEqual([]);
});
