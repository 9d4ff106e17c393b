// How a line of a log reads.
import { expect, test } from "vitest";
import { logLine } from "../../../../src/ui/model/log-lines.ts";
import type { Look } from "../../../../src/ui/model/paint.ts";

const paint = { mark: (mark: string, text: string) => `<${mark}>${text}` };
const look = { paint, moment: String } as unknown as Look;

test("time, process, level, fact and fields stand in columns; a value with spaces is quoted", () => {
  const fields = { term: 3, leader: "n1", why: "a peer hung up", at: { port: 7001 } };
  const line = { process: "n2", at: "2026-01-01T00:00:01.000Z", level: "info", fact: "follows", fields };
  expect(logLine(line, 6, look)).toBe(
    '2026-01-01T00:00:01.000Z  n2      info   follows  term=3  leader=n1  why="a peer hung up"  at={"port":7001}',
  );
});

test("warnings and errors have the colour of their severity", () => {
  const line = { process: "n1", at: "2026-01-01T00:00:01.000Z", fact: "stops", fields: {} };
  expect(logLine({ ...line, level: "error" }, 2, look)).toMatch(/^<bad>/);
  expect(logLine({ ...line, level: "warn" }, 2, look)).toMatch(/^<warn>/);
});
