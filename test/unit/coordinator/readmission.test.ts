import { expect, test } from "vitest";
import { logIndex, nodeId } from "../../../src/core/base/ids.ts";
import { readmissionStep } from "../../../src/core/coordinator/readmission.ts";

const ids = (...values: number[]) => values.map(nodeId);

test.each([
  {
    voters: [1, 2, 3],
    learners: [],
    match: 90,
    restored: false,
    step: "remove",
    why: "its old vote and log must not count",
  },
  {
    voters: [1, 2],
    learners: [],
    match: 0,
    restored: false,
    step: "add-learner",
    why: "removed: it may come back",
  },
  {
    voters: [1, 2],
    learners: [3],
    match: 0,
    restored: false,
    step: "wait",
    why: "the snapshot is on its way",
  },
  {
    voters: [1, 2],
    learners: [3],
    match: 40,
    restored: false,
    step: "remove",
    why: "lost again while a learner",
  },
  {
    voters: [1, 2],
    learners: [3],
    match: 99,
    restored: true,
    step: "wait",
    why: "a stale log must not be promoted",
  },
  {
    voters: [1, 2],
    learners: [3],
    match: 100,
    restored: true,
    step: "promote",
    why: "it holds all that is committed",
  },
  { voters: [1, 2, 3], learners: [], match: 100, restored: true, step: "voter", why: "done" },
  {
    voters: [1, 2],
    learners: [],
    match: 0,
    restored: true,
    step: "add-learner",
    why: "removed after it had restored",
  },
])("voters $voters learners $learners: $step, for $why", ({ voters, learners, match, restored, step }) => {
  const view = {
    voters: ids(...voters),
    learners: ids(...learners),
    isJoint: false,
    commit: logIndex(100),
    match: logIndex(match),
  };
  expect(readmissionStep(view, nodeId(3), restored)).toBe(step);
});

test("nothing is done while a joint change is under way", () => {
  const view = { voters: ids(1, 2), learners: [], isJoint: true, commit: logIndex(9), match: logIndex(0) };
  expect(readmissionStep(view, nodeId(3), false)).toBe("wait");
});
