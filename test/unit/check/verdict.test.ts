// Histories by hand: each row is a run that a store must, or must not, be able to produce.

import { describe, expect, test } from "vitest";
import { keyValue } from "../../../src/core/check/models/key-value.ts";
import { register } from "../../../src/core/check/models/register.ts";
import { checkLinearizability } from "../../../src/core/check/verdict.ts";
import { keyValueHistory, randomKeyValueRun, registerHistory } from "./support.ts";

const write = (process: number, value: number) => [
  `${process} invoke write ${value}`,
  `${process} ok write ${value}`,
];
const read = (process: number, value: number | "nil") => [
  `${process} invoke read nil`,
  `${process} ok read ${value}`,
];

describe("a register", () => {
  test.each([
    { why: "nothing happened", verdict: "linearizable", events: [] },
    { why: "a register is absent at first", verdict: "linearizable", events: read(0, "nil") },
    {
      why: "a read sees the write before it",
      verdict: "linearizable",
      events: [...write(0, 4), ...read(1, 4)],
    },
    {
      why: "stale read: the write before it had returned",
      verdict: "not-linearizable",
      events: [...write(0, 4), ...write(0, 5), ...read(1, 4)],
    },
    {
      why: "lost write: it was acknowledged and is nowhere",
      verdict: "not-linearizable",
      events: [...write(0, 4), ...read(1, "nil")],
    },
    {
      why: "a read that overlaps a write may see either value",
      verdict: "linearizable",
      events: ["0 invoke write 4", ...read(1, "nil"), ...read(1, 4), "0 ok write 4"],
    },
    {
      why: "but once it was seen, it was written",
      verdict: "not-linearizable",
      events: ["0 invoke write 4", ...read(1, 4), ...read(1, "nil"), "0 ok write 4"],
    },
    {
      why: "a write of unknown outcome is seen much later",
      verdict: "linearizable",
      events: ["0 invoke write 4", "0 info write timed-out", ...write(1, 5), ...read(1, 5), ...read(1, 4)],
    },
    {
      why: "a write of unknown outcome is never seen",
      verdict: "linearizable",
      events: ["0 invoke write 4", "0 info write timed-out", ...write(1, 5), ...read(1, 5)],
    },
    {
      why: "a write of unknown outcome takes effect once",
      verdict: "not-linearizable",
      events: ["0 invoke write 4", "0 info write timed-out", ...read(1, 4), ...write(1, 5), ...read(1, 4)],
    },
    {
      why: "a write that had not been called can't be seen, even if its outcome is unknown",
      verdict: "not-linearizable",
      events: [...read(1, 4), "0 invoke write 4", "0 info write timed-out"],
    },
    {
      why: "one of two concurrent cas from the same value succeeds",
      verdict: "linearizable",
      events: [
        ...write(0, 0),
        "0 invoke cas [0 1]",
        "1 invoke cas [0 2]",
        "0 ok cas [0 1]",
        "1 fail cas [0 2]",
        ...read(2, 1),
      ],
    },
    {
      why: "both can't",
      verdict: "not-linearizable",
      events: [
        ...write(0, 0),
        "0 invoke cas [0 1]",
        "1 invoke cas [0 2]",
        "0 ok cas [0 1]",
        "1 ok cas [0 2]",
      ],
    },
    {
      why: "a cas fails only if the value was another one",
      verdict: "not-linearizable",
      events: [...write(0, 0), "0 invoke cas [0 1]", "0 fail cas [0 1]"],
    },
    {
      why: "a cas of unknown outcome explains the value",
      verdict: "linearizable",
      events: [...write(0, 0), "1 invoke cas [0 1]", "1 info cas timed-out", ...read(0, 0), ...read(0, 1)],
    },
    {
      why: "a read that timed out says nothing",
      verdict: "linearizable",
      events: [...write(0, 0), "1 invoke read nil", "1 fail read timed-out", ...read(1, 0)],
    },
  ])("$verdict: $why", ({ verdict, events }) => {
    expect(checkLinearizability(register, registerHistory(events)).kind).toBe(verdict);
  });
});

describe("a key-value store", () => {
  const append = (process: number, key: string, value: string) => [
    `${process} invoke append ${key} ${value}`,
    `${process} ok append ${key} ${value}`,
  ];
  const get = (process: number, key: string, value: string) => [
    `${process} invoke get ${key}`,
    `${process} ok get ${key} ${value}`,
  ];

  test.each([
    {
      why: "appends add up, key by key",
      verdict: "linearizable",
      events: [...append(0, "k", "a"), ...append(0, "l", "b"), ...append(0, "k", "c"), ...get(1, "k", "ac")],
    },
    {
      why: "duplicated append",
      verdict: "not-linearizable",
      events: [...append(0, "k", "a"), ...get(1, "k", "aa")],
    },
    {
      why: "concurrent appends come in one order",
      verdict: "linearizable",
      events: [
        "0 invoke append k a",
        "1 invoke append k b",
        "0 ok append k a",
        "1 ok append k b",
        ...get(1, "k", "ba"),
      ],
    },
    {
      why: "and everyone sees the same",
      verdict: "not-linearizable",
      events: [
        "0 invoke append k a",
        "1 invoke append k b",
        ...get(2, "k", "b"),
        ...get(3, "k", "ab"),
        "0 ok append k a",
        "1 ok append k b",
      ],
    },
    {
      why: "a put replaces what was appended",
      verdict: "linearizable",
      events: [...append(0, "k", "a"), "0 invoke put k b", "0 ok put k b", ...get(1, "k", "b")],
    },
    {
      why: "one bad key is enough",
      verdict: "not-linearizable",
      events: [...append(0, "k", "a"), ...get(1, "k", "a"), ...append(0, "l", "b"), ...get(1, "l", "a")],
    },
    {
      why: "an append that never returned is seen",
      verdict: "linearizable",
      events: ["0 invoke append k a", ...get(1, "k", ""), ...get(1, "k", "a")],
    },
  ])("$verdict: $why", ({ verdict, events }) => {
    expect(checkLinearizability(keyValue, keyValueHistory(events)).kind).toBe(verdict);
  });
});

describe("the budget", () => {
  const linearizable = registerHistory([...write(0, 1), ...read(0, 1), ...read(1, 1)]);

  test.each([
    { stepsMax: 0, verdict: "unknown", why: "nothing was tried" },
    { stepsMax: 2, verdict: "unknown", why: "one operation has no place yet" },
    { stepsMax: 3, verdict: "linearizable", why: "each of three operations took one step" },
  ])("$stepsMax steps: $verdict, since $why", ({ stepsMax, verdict }) => {
    expect(checkLinearizability(register, linearizable, stepsMax).kind).toBe(verdict);
  });

  test("a violation in one key decides, though another key's budget was exhausted", () => {
    const history = keyValueHistory([
      ...[
        "0 invoke put k a",
        "0 ok put k a",
        "0 invoke get k",
        "0 ok get k a",
        "0 invoke get k",
        "0 ok get k a",
      ],
      ...["0 invoke get l", "0 ok get l x"],
    ]);
    expect(checkLinearizability(keyValue, history, 2).kind).toBe("not-linearizable");
  });
});

test("thousands of operations of fifty processes are decided within the default budget", () => {
  const options = {
    seed: 7,
    processes: 50,
    operations: 4_000,
    unknownPercent: 0,
    keys: 10,
    values: 1_000_000,
  };
  expect(checkLinearizability(keyValue, randomKeyValueRun({ ...options, wrongPercent: 0 })).kind).toBe(
    "linearizable",
  );
  expect(checkLinearizability(keyValue, randomKeyValueRun({ ...options, wrongPercent: 1 })).kind).toBe(
    "not-linearizable",
  );
});
