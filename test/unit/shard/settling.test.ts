// After a start nothing is called idle that an agent may only not have asked for yet.

import { expect, test } from "vitest";
import type { Binding } from "../../../src/core/shard/binding-table.ts";
import { Settling } from "../../../src/core/shard/settling.ts";

const bound: Binding = { kind: "bound", version: 0 };
const released: Binding = { kind: "released", version: 3, to: { toShard: "s2", toAddress: "h:1" } };
const BINDINGS = new Map<string, Binding>([
  ["c1", bound],
  ["c2", bound],
  ["c3", released],
]);

test.each([
  { rounds: [["c1", "c2"]], isOver: false, why: "a roll-up may be on its way" },
  {
    rounds: [
      ["c1", "c2"],
      ["c1", "c2"],
    ],
    isOver: true,
    why: "all bound ones are there, and have been",
  },
  { rounds: [["c1", "c2"], ["c1"], ["c1", "c2"]], isOver: false, why: "one was away in between" },
  { rounds: [["c1"], ["c1"], ["c1"], ["c1"]], isOver: false, why: "one is not back" },
  { rounds: [["c1", "c2"], ["c1", "c2"], []], isOver: true, why: "what was known once is not forgotten" },
])("$isOver: $why", ({ rounds, isOver }) => {
  const settling = new Settling(0);
  for (const there of rounds) settling.round(1_000, BINDINGS, (cluster) => there.includes(cluster));
  expect(settling.isOver).toBe(isOver);
});

test("a cluster that does not come back is not waited for for ever", () => {
  const settling = new Settling(1_000);
  settling.round(60_999, BINDINGS, () => false);
  expect(settling.isOver).toBe(false);
  settling.round(61_000, BINDINGS, () => false);
  expect(settling.isOver).toBe(true);
});
