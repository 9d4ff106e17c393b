// The checker against the definition, and against itself without each of its short cuts. It judges small random
// histories of stores that sometimes answer wrongly.

import { describe, expect, test } from "vitest";
import { assert } from "../../../src/core/base/assert.ts";
import type { History } from "../../../src/core/check/history.ts";
import type { Model } from "../../../src/core/check/model.ts";
import {
  type KeyValueInput,
  type KeyValueOutput,
  keyValue,
} from "../../../src/core/check/models/key-value.ts";
import { register } from "../../../src/core/check/models/register.ts";
import { search } from "../../../src/core/check/search.ts";
import { checkLinearizability } from "../../../src/core/check/verdict.ts";
import { isLinearizableByDefinition, respectsRealTime } from "./brute-force.ts";
import { randomKeyValueRun, randomRegisterRun } from "./support.ts";

const RUNS = 400;
const UNBOUNDED = Number.POSITIVE_INFINITY;
const seeds = Array.from({ length: RUNS }, (_, seed) => seed);
const small = { processes: 3, unknownPercent: 12, wrongPercent: 30 };

const registerRuns = seeds.map((seed) => randomRegisterRun({ ...small, seed, operations: 6 }));
const keyValueRuns = seeds.map((seed) =>
  randomKeyValueRun({ ...small, seed, operations: 7, keys: 2, values: 3 }),
);
const oneKeyRuns = seeds.map((seed) =>
  randomKeyValueRun({ ...small, seed, operations: 6, keys: 1, values: 3 }),
);

/** The same store as one part: its state is the map of all keys. */
const wholeStore: Model<ReadonlyMap<string, string>, KeyValueInput, KeyValueOutput> = {
  ...keyValue,
  initial: () => new Map(),
  step: (state, input, output) => {
    const next = keyValue.step(state.get(input.key) ?? "", input, output);
    return next === undefined ? undefined : new Map(state).set(input.key, next);
  },
  keyOf: (state) => JSON.stringify([...state].filter(([, value]) => value !== "").sort()),
  partOf: null,
  lookAhead: null,
};
function isLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
) {
  const { kind } = checkLinearizability(model, history, UNBOUNDED);
  assert(kind !== "unknown", "an unbounded search decides");
  return kind === "linearizable";
}

/** Expects both verdicts of all runs to agree, and enough of either to mean something. */
function expectAgreement<Run>(
  runs: readonly Run[],
  one: (run: Run) => boolean,
  other: (run: Run) => boolean,
): void {
  const verdicts = runs.map(one);
  expect(runs.flatMap((run, seed) => (other(run) === verdicts[seed] ? [] : [seed]))).toEqual([]);
  const positive = verdicts.filter(Boolean).length;
  expect(positive).toBeGreaterThan(RUNS / 10);
  expect(positive).toBeLessThan((RUNS * 9) / 10);
}

describe("the definition gives the same verdict", () => {
  test("for registers", () => {
    expectAgreement(
      registerRuns,
      (run) => isLinearizable(register, run),
      (run) => isLinearizableByDefinition(register, run),
    );
  });

  test("for one key", () => {
    expectAgreement(
      oneKeyRuns,
      (run) => isLinearizable(keyValue, run),
      (run) => isLinearizableByDefinition(keyValue, run),
    );
  });
});

describe("no short cut changes the verdict:", () => {
  test("remembering configurations", () => {
    const everywhere = { add: () => true };
    expectAgreement(
      registerRuns,
      (run) => search(register, run, UNBOUNDED).kind === "linearizable",
      (run) => search(register, run, UNBOUNDED, everywhere).kind === "linearizable",
    );
  });

  test("checking key by key", () => {
    expectAgreement(
      keyValueRuns,
      (run) => isLinearizable(keyValue, run),
      (run) => isLinearizable(wholeStore, run),
    );
  });

  test("looking ahead, for registers", () => {
    const runs = seeds.map((seed) => randomRegisterRun({ ...small, seed, operations: 25, wrongPercent: 15 }));
    expectAgreement(
      runs,
      (run) => isLinearizable(register, run),
      (run) => isLinearizable({ ...register, lookAhead: null }, run),
    );
  });

  test("looking ahead, for keys", () => {
    const runs = seeds.map((seed) =>
      randomKeyValueRun({ ...small, seed, operations: 25, wrongPercent: 10, keys: 2, values: 3 }),
    );
    expectAgreement(
      runs,
      (run) => isLinearizable(keyValue, run),
      (run) => isLinearizable({ ...keyValue, lookAhead: null }, run),
    );
  });
});

test("the order of a linearizable history is a proof of it", () => {
  const orders = registerRuns.flatMap((run) => {
    const result = search(register, run, UNBOUNDED);
    return result.kind === "linearizable" ? [{ run, order: result.order }] : [];
  });
  expect(orders.length).toBeGreaterThan(RUNS / 10);
  for (const { run, order } of orders) {
    const completed = run.filter(({ completion }) => completion !== null);
    expect(order).toEqual(expect.arrayContaining([...completed]));
    expect(new Set(order).size).toBe(order.length);
    expect(respectsRealTime(order)).toBe(true);
    let state: ReturnType<typeof register.step> = register.initial();
    for (const { input, completion } of order) {
      assert(state !== undefined, "every step before was allowed");
      state = register.step(state, input, completion?.output);
    }
    expect(state).not.toBeUndefined();
  }
});
