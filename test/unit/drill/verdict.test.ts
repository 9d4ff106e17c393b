import { expect, test } from "vitest";
import { type AttemptedWrite, judgeWrites } from "../../../src/core/drill/verdict.ts";

const ack = (number: number): AttemptedWrite => ({ number, result: "acknowledged" });
const fail = (number: number): AttemptedWrite => ({ number, result: "failed" });
const unknown = (number: number): AttemptedWrite => ({ number, result: "unknown" });
const there = (number: number, applications = 1) => ({ number, applications });

const FINE = { lost: [], duplicated: [], unexpected: [] };

test.each([
  { writes: [], probes: [], is: FINE, why: "nothing was written" },
  { writes: [ack(1), ack(2)], probes: [there(1), there(2)], is: FINE, why: "each is there once" },
  { writes: [ack(1), ack(2)], probes: [there(1)], is: { ...FINE, lost: [2] }, why: "acknowledged and gone" },
  { writes: [ack(1)], probes: [there(1, 2)], is: { ...FINE, duplicated: [1] }, why: "applied twice" },
  { writes: [ack(1)], probes: [there(1), there(1)], is: { ...FINE, duplicated: [1] }, why: "two rows" },
  { writes: [ack(1)], probes: [there(1, 0)], is: { ...FINE, lost: [1] }, why: "a row without application" },
  { writes: [unknown(1)], probes: [], is: FINE, why: "an unknown outcome may be absent" },
  { writes: [unknown(1)], probes: [there(1)], is: FINE, why: "an unknown outcome may be there" },
  { writes: [unknown(1)], probes: [there(1, 2)], is: { ...FINE, duplicated: [1] }, why: "but never twice" },
  { writes: [fail(1)], probes: [], is: FINE, why: "refused and absent" },
  { writes: [fail(1)], probes: [there(1)], is: { ...FINE, unexpected: [1] }, why: "refused and there" },
  { writes: [], probes: [there(7)], is: { ...FINE, unexpected: [7] }, why: "nobody sent it" },
  {
    writes: [ack(10), ack(9), ack(2)],
    probes: [],
    is: { ...FINE, lost: [2, 9, 10] },
    why: "numbers in numeric order",
  },
])("$why", ({ writes, probes, is }) => expect(judgeWrites(writes, probes)).toMatchObject(is));

test("writes are counted by what the client was told", () => {
  const { counts } = judgeWrites([ack(1), ack(2), ack(3), fail(4), unknown(5), unknown(6)], []);
  expect(counts).toEqual({ attempted: 6, acknowledged: 3, failed: 1, unknown: 2 });
});

test("a number attempted as two writes is a broken invariant of the drill", () => {
  expect(() => judgeWrites([ack(1), unknown(1)], [])).toThrow("broken invariant");
});
