// Stages of a recovery: what counts, and that no stage is later than one that follows from it.

import { expect, test } from "vitest";
import type { Expectation } from "../../../src/core/drill/drill-spec.ts";
import { stagesOf } from "../../../src/core/drill/stages.ts";
import type { DrillEvent } from "../../../src/core/drill/timeline.ts";

const fault: DrillEvent = { kind: "fault", atMs: 1_000, node: "n1", term: 5 };
const write = (atMs: number, term: number, begunMs = atMs - 5): DrillEvent => ({
  ...{ kind: "acknowledged", atMs, number: atMs, term, begunMs },
});
const read = (atMs: number, term: number, begunMs = atMs - 5): DrillEvent => ({
  ...{ kind: "read", atMs, begunMs, term },
});
const leader = (atMs: number, term: number): DrillEvent => ({ kind: "leader", atMs, node: "n2", term });

interface Row {
  readonly why: string;
  readonly expects?: Expectation;
  readonly events: readonly DrillEvent[];
  readonly stages: Partial<ReturnType<typeof stagesOf>>;
}

const rows: readonly Row[] = [
  {
    why: "each is as it was seen",
    events: [fault, leader(1_200, 6), write(1_300, 6), read(1_400, 6)],
    stages: { elected: 200, "first-write": 300, "first-read": 400 },
  },
  {
    why: "a write in the new term proves a leader that was seen later",
    events: [fault, leader(1_350, 6), write(1_300, 6), read(1_400, 6)],
    stages: { elected: 300, "first-write": 300 },
  },
  {
    why: "a read does, too",
    events: [fault, leader(1_350, 6), write(1_400, 6), read(1_280, 6)],
    stages: { elected: 280, "first-read": 280, "first-write": 400 },
  },
  {
    why: "a leader proves a candidate, and that somebody noticed",
    events: [fault, leader(1_100, 6), { kind: "detected", atMs: 1_150, node: "n3" }, write(1_300, 6)],
    stages: { detected: 100, candidate: 100, elected: 100 },
  },
  {
    why: "a late answer of the old leader is no recovery",
    events: [fault, write(1_010, 5, 990), read(1_020, 5, 1_001), leader(1_200, 6)],
    stages: { elected: 200, "first-write": null, "first-read": null },
  },
  {
    why: "where no leader has to go, a write that was begun after the fault counts in any term",
    expects: "no-stop",
    events: [fault, write(1_010, 5, 990), write(1_030, 5, 1_001), read(1_040, 5)],
    stages: { elected: null, "first-write": 30, "first-read": 40 },
  },
  {
    why: "where the fleet has to stand, it counts from the healing",
    expects: "stop",
    events: [fault, write(1_010, 5), { kind: "healed", atMs: 3_000 }, leader(3_400, 6), write(3_500, 6)],
    stages: { elected: 400, "first-write": 500 },
  },
  {
    why: "there, too, a write proves a leader that was seen later",
    expects: "stop",
    events: [fault, { kind: "healed", atMs: 3_000 }, write(3_400, 6), leader(3_500, 6)],
    stages: { elected: 400, "first-write": 400 },
  },
  {
    why: "a change of leaders that was not needed is proven by the first write of its term",
    expects: "no-stop",
    events: [fault, write(1_050, 5), write(1_800, 6), leader(1_900, 6)],
    stages: { elected: 800, "first-write": 50 },
  },
  {
    why: "a whole fleet has no lag",
    events: [fault, { kind: "whole", atMs: 4_000 }, { kind: "caught-up", atMs: 4_100, node: "n1" }],
    stages: { "lag-gone": 3_000, redundant: 3_000 },
  },
  { why: "without a fault nothing is measured", events: [write(1_300, 6)], stages: { "first-write": null } },
];

test.each(rows)("$why", ({ expects = "new-leader", events, stages }) => {
  expect(stagesOf(events, expects)).toMatchObject(stages);
});

test.each(rows)(
  "no stage is later than one that follows from it: $why",
  ({ expects = "new-leader", events }) => {
    const { detected, candidate, elected, committed } = stagesOf(events, expects);
    const known = [detected, candidate, elected, committed].filter((ms) => ms !== null);
    expect(known).toEqual(known.toSorted((a, b) => a - b));
  },
);
