import { expect, test } from "vitest";
import { parseSlo } from "../../../src/core/drill/slo.ts";

const ALWAYS = { lost: 0, duplicated: 0, violations: 0, "stale-reads": 0 };

test.each([
  { text: "", gates: ALWAYS, why: "writes are never lost nor duplicated, and no answer contradicts another" },
  { text: "first-write=2s", gates: { "first-write": 2_000, ...ALWAYS }, why: "seconds" },
  { text: "election=750ms", gates: { election: 750, ...ALWAYS }, why: "milliseconds" },
  { text: "catch-up=1.5m", gates: { "catch-up": 90_000, ...ALWAYS }, why: "minutes, in parts" },
  { text: "catch-up=1m30s", gates: { "catch-up": 90_000, ...ALWAYS }, why: "as every flag takes it" },
  { text: "lost=3,duplicated=1", gates: { ...ALWAYS, lost: 3, duplicated: 1 }, why: "said otherwise" },
  {
    text: " first-write=2s, lost=0 ,duplicated=0,election=1s",
    gates: { "first-write": 2_000, lost: 0, duplicated: 0, election: 1_000, violations: 0, "stale-reads": 0 },
    why: "in the order given",
  },
  {
    text: "failed=0,unknown=5,unexpected=0",
    gates: { failed: 0, unknown: 5, unexpected: 0, ...ALWAYS },
    why: "what the client was told",
  },
])("%j: $why", ({ text, gates }) => {
  const expected = Object.entries(gates).map(([name, limit]) => ({ name, limit }));
  expect(parseSlo(text)).toEqual({ ok: true, gates: expected });
});

const NAMES =
  "election, first-write, catch-up, lost, duplicated, unexpected, failed, unknown, violations, stale-reads";
const duration = (name: string, value: string) =>
  `the limit of ${name} must be a duration such as 500ms, 2s or 1m30s, not "${value}"`;

test.each([
  { text: "first-write", what: '"first-write" is not a gate: write NAME=LIMIT', why: "no limit" },
  { text: "lost=0,", what: '"" is not a gate: write NAME=LIMIT', why: "something was left out" },
  { text: "firstwrite=2s", what: `unknown gate "firstwrite": there are ${NAMES}`, why: "a typo" },
  {
    text: "toString=2",
    what: `unknown gate "toString": there are ${NAMES}`,
    why: "inherited names are no gates",
  },
  { text: "election=2", what: duration("election", "2"), why: "2 of what?" },
  { text: "election=-1s", what: duration("election", "-1s"), why: "before the fault" },
  { text: "election=2h", what: duration("election", "2h"), why: "no drill takes hours" },
  { text: "election=", what: duration("election", ""), why: "nothing" },
  { text: "lost=1.5", what: 'the limit of lost must be a whole number, not "1.5"', why: "half a write" },
  { text: "lost=0s", what: 'the limit of lost must be a whole number, not "0s"', why: "a count has no unit" },
  { text: "lost=0,lost=1", what: "gate lost is given twice", why: "which one?" },
])("%j is refused: $why", ({ text, what }) => expect(parseSlo(text)).toEqual({ ok: false, what }));
