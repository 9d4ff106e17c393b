// The verdict over a drill's history: what a fleet that loses, repeats or serves stale writes would have shown.

import { describe, expect, test } from "vitest";
import type { RegisterOutput } from "../../../src/core/check/models/register.ts";
import { judgeHistory } from "../../../src/core/drill/linearizability.ts";
import { formatHistory, type HistoryEvent, parseHistory } from "../../../src/core/drill/register-history.ts";

const value = (held: number | null): RegisterOutput => ({ kind: "value", value: held });
const written: RegisterOutput = { kind: "written" };
const mismatch: RegisterOutput = { kind: "mismatch" };

const read = (process: number, register = "r1"): HistoryEvent => ({
  type: "invoke",
  process,
  atMs: 1,
  input: { kind: "read", register },
});
const cas = (process: number, from: number | null, to: number, register = "r1"): HistoryEvent => ({
  type: "invoke",
  process,
  atMs: 1,
  input: { kind: "cas", register, from, to },
});
const ok = (process: number, output: RegisterOutput): HistoryEvent => ({
  type: "ok",
  process,
  atMs: 2,
  output,
});
const info = (process: number): HistoryEvent => ({ type: "info", process, atMs: 2 });
const fail = (process: number): HistoryEvent => ({ type: "fail", process, atMs: 2 });

const first = [cas(1, null, 1), ok(1, written)];

const histories: { why: string; events: HistoryEvent[]; verdict: string }[] = [
  { why: "what was written is read", events: [...first, read(2), ok(2, value(1))], verdict: "yes" },
  {
    why: "a write of unknown outcome may have been applied",
    events: [...first, cas(2, 1, 2), info(2), read(3), ok(3, value(2))],
    verdict: "yes",
  },
  {
    why: "or not, and the next client finds what was there",
    events: [...first, cas(2, 1, 2), info(2), cas(3, 1, 2), ok(3, written), read(3), ok(3, value(2))],
    verdict: "yes",
  },
  { why: "registers are independent", events: [...first, read(2, "r2"), ok(2, value(null))], verdict: "yes" },
  { why: "an acknowledged write is lost", events: [...first, read(2), ok(2, value(null))], verdict: "no" },
  {
    why: "a deposed leader answers from its old state",
    events: [...first, cas(1, 1, 2), ok(1, written), read(2), ok(2, value(1))],
    verdict: "no",
  },
  {
    why: "two clients win the same compare-and-set",
    events: [...first, cas(1, 1, 2), cas(2, 1, 2), ok(1, written), ok(2, written)],
    verdict: "no",
  },
  {
    why: "a compare-and-set is applied twice, by a retry",
    events: [...first, cas(1, 1, 2), ok(1, written), read(2), ok(2, value(3))],
    verdict: "no",
  },
  {
    why: "what was refused is there",
    events: [...first, cas(1, 1, 2), fail(1), read(2), ok(2, value(2))],
    verdict: "no",
  },
  {
    why: "a mismatch is told of a value that was there",
    events: [...first, cas(2, 1, 2), ok(2, mismatch), read(2), ok(2, value(1))],
    verdict: "no",
  },
  { why: "no answer at all shows nothing", events: [cas(1, null, 1), info(1)], verdict: "unknown" },
];

test.each(histories)("$verdict: $why", ({ events, verdict }) => {
  expect(judgeHistory(events).verdict).toBe(verdict);
});

test("the evidence is the smallest prefix that contradicts itself, not all that follows", () => {
  const after = Array.from({ length: 50 }, () => [read(1), ok(1, value(1))]).flat();
  const { evidence, operations } = judgeHistory([...first, read(2), ok(2, value(null)), ...after]);
  expect(operations).toBe(52);
  expect(evidence[0]).toContain("not linearizable in r1: the first 2 operations");
  expect(evidence.at(-1)).toContain("> [3, 4] process 2: read → absent");
});

test("a budget that is not enough gives no verdict", () => {
  expect(judgeHistory([...first, read(2), ok(2, value(1))], 1).verdict).toBe("unknown");
});

describe("the file", () => {
  test.each(histories)("reads back as it was written: $why", ({ events }) => {
    expect(parseHistory(formatHistory("kill-leader-1", events))).toEqual({ ok: true, events });
  });

  const header = '{"kind":"RegisterHistory","schemaVersion":1,"drillId":"d"}';
  test.each([
    { text: "", line: 1, why: "nothing says what it is" },
    { text: `${header}\n{"process":1`, line: 2, why: "a line is cut off" },
    { text: `${header}\n${JSON.stringify(ok(1, written))}`, line: 2, why: "an answer to nothing" },
    {
      text: [header, ...[read(1), read(1)].map((event) => JSON.stringify(event))].join("\n"),
      line: 3,
      why: "a process does one thing at a time",
    },
    {
      text: `${header}\n{"type":"invoke","process":1,"atMs":1,"input":{"kind":"cas","register":"r1","from":1}}`,
      line: 2,
      why: "a compare-and-set without its new value",
    },
  ])("is refused at line $line: $why", ({ text, line }) => {
    expect(parseHistory(text)).toMatchObject({ ok: false, what: expect.stringContaining(`line ${line} `) });
  });
});
