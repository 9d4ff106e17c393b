// What is shown of a history that is not linearizable: the smallest prefix that already is not.

import { describe, expect, test } from "vitest";
import { assert } from "../../../src/core/base/assert.ts";
import type { Evidence } from "../../../src/core/check/evidence.ts";
import { explain } from "../../../src/core/check/explain.ts";
import { cutAfter, type History, returnsOf } from "../../../src/core/check/history.ts";
import type { Model } from "../../../src/core/check/model.ts";
import { keyValue } from "../../../src/core/check/models/key-value.ts";
import { register } from "../../../src/core/check/models/register.ts";
import { checkLinearizability } from "../../../src/core/check/verdict.ts";
import { keyValueHistory, randomKeyValueRun, randomRegisterRun, registerHistory } from "./support.ts";

function evidenceOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
): Evidence<State, Input, Output> {
  const verdict = checkLinearizability(model, history);
  assert(verdict.kind === "not-linearizable", "the history is made so");
  return verdict.evidence;
}

test("it ends with the return that contradicts, whatever follows", () => {
  const events = [
    ...["0 invoke write 1", "0 ok write 1", "0 invoke write 2", "1 invoke read nil"],
    ...[
      "0 ok write 2",
      "1 ok read 0",
      "0 invoke read nil",
      "0 ok read 2",
      "0 invoke read nil",
      "0 ok read 7",
    ],
  ];
  const evidence = evidenceOf(register, registerHistory(events));
  expect(evidence).toMatchObject({ part: null, until: 6, isSmallest: true });
  expect(evidence.prefix.map(({ call }) => call)).toEqual([1, 3, 4]);
  expect(evidence.deadEnd.blocked).toMatchObject({ process: 1, call: 4 });
});

test("operations that return after its end are open in it", () => {
  const events = [
    ...["0 invoke write 1", "1 invoke write 2", "2 invoke read nil", "2 ok read 3"],
    ...["0 ok write 1", "1 ok write 2"],
  ];
  const { prefix } = evidenceOf(register, registerHistory(events));
  expect(prefix.map(({ process, completion }) => [process, completion?.at ?? "open"])).toEqual([
    [0, "open"],
    [1, "open"],
    [2, 4],
  ]);
});

test("a return is blamed only if its operation could not have gone otherwise", () => {
  // The read is explained by the cas, until that returns and denies it.
  const events = [
    ...["0 invoke write 1", "0 ok write 1", "1 invoke cas [1 2]", "2 invoke read nil", "2 ok read 2"],
    "1 fail cas [1 2]",
  ];
  expect(evidenceOf(register, registerHistory(events)).until).toBe(6);
});

test("of several bad keys the one that went wrong first is shown", () => {
  const events = [
    ...["0 invoke get k", "1 invoke get l", "2 invoke get m", "1 ok get l x", "0 ok get k x", "2 ok get m x"],
  ];
  expect(evidenceOf(keyValue, keyValueHistory(events))).toMatchObject({ part: "l", until: 4 });
});

describe("the prefix is the smallest:", () => {
  const seeds = Array.from({ length: 150 }, (_, seed) => seed);
  const options = { processes: 4, operations: 30, unknownPercent: 8, wrongPercent: 15 };

  /** Every shorter prefix of the whole history is linearizable, this one is not. */
  function expectSmallest<State, Input, Output>(
    model: Model<State, Input, Output>,
    runs: readonly History<Input, Output>[],
  ): void {
    let violations = 0;
    for (const run of runs) {
      const verdict = checkLinearizability(model, run);
      if (verdict.kind !== "not-linearizable") continue;
      violations += 1;
      const { until, isSmallest } = verdict.evidence;
      const before = returnsOf(run).findLast((at) => at < until) ?? 0;
      expect(isSmallest).toBe(true);
      expect(checkLinearizability(model, cutAfter(run, until)).kind).toBe("not-linearizable");
      expect(checkLinearizability(model, cutAfter(run, before)).kind).toBe("linearizable");
    }
    expect(violations).toBeGreaterThan(seeds.length / 10);
  }

  test("of registers", () =>
    expectSmallest(
      register,
      seeds.map((seed) => randomRegisterRun({ ...options, seed })),
    ));

  test("of keys", () =>
    expectSmallest(
      keyValue,
      seeds.map((seed) => randomKeyValueRun({ ...options, seed, keys: 2, values: 3 })),
    ));
});

test("it reads as a story", () => {
  const events = [
    ...["0 invoke append k a", "0 ok append k a", "1 invoke append k b", "2 invoke get k", "2 ok get k ba"],
    ...["1 ok append k b", "0 invoke get k", "0 ok get k a"],
  ];
  expect(explain(keyValue, evidenceOf(keyValue, keyValueHistory(events)))).toEqual([
    "not linearizable in k: the first 3 operations, until the return at 5",
    "the longest order that was found:",
    '  [1, 2] process 0: append k "a" → ok',
    '  [3, …] process 1: append k "b" → ?',
    'then, in state "ab", the marked one had to be next and could not:',
    '> [4, 5] process 2: get k → "ba"',
  ]);
});

test("of a long order and a long value the end is shown", () => {
  const puts = Array.from({ length: 8 }, (_, put) => [
    `0 invoke put k ${"x".repeat(100)}${put}`,
    `0 ok put k ${"x".repeat(100)}${put}`,
  ]).flat();
  const events = [...puts, "0 invoke get k", "0 ok get k other"];
  const lines = explain(keyValue, evidenceOf(keyValue, keyValueHistory(events)));
  expect(lines.filter((line) => line.includes("put")).length).toBe(5);
  expect(lines).toContain("  … 3 before");
  expect(lines).toContain(`  [15, 16] process 0: put k …"${"x".repeat(71)}7" → ok`);
});
