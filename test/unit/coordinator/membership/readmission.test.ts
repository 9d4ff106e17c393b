import { expect, test } from "vitest";
import { logIndex, nodeId } from "../../../../src/core/base/ids.ts";
import { readmissionStep } from "../../../../src/core/coordinator/membership/readmission.ts";

const ids = (...values: number[]) => values.map(nodeId);

test.each([
  {
    voters: [1, 2, 3],
    learners: [],
    match: 90,
    holding: "nothing",
    step: "remove",
    why: "its old vote and log must not count (etcd#10817)",
  },
  {
    voters: [1, 2],
    learners: [],
    match: 0,
    holding: "nothing",
    step: "add-learner",
    why: "removed: it may come back",
  },
  {
    voters: [1, 2],
    learners: [3],
    match: 0,
    holding: "nothing",
    step: "follow",
    why: "the snapshot is on its way",
  },
  {
    voters: [1, 2],
    learners: [3],
    match: 40,
    holding: "nothing",
    step: "remove",
    why: "lost again while a learner",
  },
  {
    voters: [1, 2],
    learners: [3],
    match: 99,
    holding: "whole",
    step: "follow",
    why: "a learner is not promoted with a stale log",
  },
  {
    voters: [1, 2],
    learners: [3],
    match: 100,
    holding: "whole",
    step: "promote",
    why: "it holds all that is committed",
  },
  { voters: [1, 2, 3], learners: [], match: 100, holding: "whole", step: "voter", why: "done" },
  {
    voters: [1, 2],
    learners: [],
    match: 0,
    holding: "whole",
    step: "add-learner",
    why: "removed after it had restored",
  },
  {
    voters: [1, 2],
    learners: [3],
    match: 100,
    holding: "part",
    step: "follow",
    why: "a crash must find it able to vote before others count on its vote",
  },
] as const)(
  "voters $voters learners $learners: $step, for $why",
  ({ voters, learners, match, holding, step }) => {
    const view = {
      voters: ids(...voters),
      learners: ids(...learners),
      isJoint: false,
      commit: logIndex(100),
      match: logIndex(match),
    };
    expect(readmissionStep(view, nodeId(3), holding, "voter")).toBe(step);
  },
);

test("nothing is done while a joint change is under way", () => {
  const view = { voters: ids(1, 2), learners: [], isJoint: true, commit: logIndex(9), match: logIndex(0) };
  expect(readmissionStep(view, nodeId(3), "nothing", "voter")).toBe("wait");
});

test("a replica that is wanted as a learner follows, however much it holds", () => {
  const index = logIndex(100);
  const view = { voters: ids(1, 2), learners: ids(3), isJoint: false, commit: index, match: index };
  expect(readmissionStep(view, nodeId(3), "whole", "learner")).toBe("follow");
});
