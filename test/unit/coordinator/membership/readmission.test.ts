import { expect, test } from "vitest";
import { logIndex, nodeId } from "../../../../src/core/base/ids.ts";
import { Admission, type AdmittedDriver } from "../../../../src/core/coordinator/membership/admission.ts";
import { type Holding, readmissionStep } from "../../../../src/core/coordinator/membership/readmission.ts";
import type { ConfChange } from "../../../../src/core/raft/confchange.ts";

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
    step: "wait",
    why: "it may have stored its first entries since it said so",
  },
  {
    voters: [1, 2],
    learners: [3],
    match: 40,
    wasDoubted: true,
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
  ({ voters, learners, match, holding, step, ...rest }) => {
    const view = {
      voters: ids(...voters),
      learners: ids(...learners),
      isJoint: false,
      commit: logIndex(100),
      match: logIndex(match),
      wasDoubted: "wasDoubted" in rest,
    };
    expect(readmissionStep(view, nodeId(3), holding, "voter")).toBe(step);
  },
);

test("nothing is done while a joint change is under way", () => {
  const indexes = { commit: logIndex(9), match: logIndex(0) };
  const view = { voters: ids(1, 2), learners: [], isJoint: true, ...indexes, wasDoubted: false };
  expect(readmissionStep(view, nodeId(3), "nothing", "voter")).toBe("wait");
});

test("a replica that is wanted as a learner follows, however much it holds", () => {
  const index = logIndex(100);
  const indexes = { commit: index, match: index };
  const view = { voters: ids(1, 2), learners: ids(3), isJoint: false, ...indexes, wasDoubted: false };
  expect(readmissionStep(view, nodeId(3), "whole", "learner")).toBe("follow");
});

/** A leader whose progress for replica 3, a learner, is `match`. */
function leaderOf(match: number) {
  const now = { term: 2, match };
  const proposed: ConfChange[] = [];
  const config = { voters: ids(1, 2), learners: ids(3), votersOutgoing: [], learnersNext: [] };
  const status = () => ({
    ...{ term: now.term, lastIndex: 9, commit: 9, config },
    progress: new Map([[nodeId(3), { match: logIndex(now.match) }]]),
  });
  const driver = {
    appliedIndex: logIndex(9),
    status: status as unknown as AdmittedDriver["status"],
    proposeConfChange: (change: ConfChange) => proposed.push(change) > 0,
  };
  const admission = new Admission({ driver, isAmnesiac: false, whole: async () => undefined });
  const ask = (holding: Holding) => admission.readmit(nodeId(3), holding, "learner").kind;
  return { now, proposed, ask };
}

test("a new learner whose first entries arrive while it asks is not removed", () => {
  const { now, proposed, ask } = leaderOf(0);
  expect(ask("nothing")).toBe("learner");
  now.match = 9;
  expect([ask("nothing"), ask("whole")]).toEqual(["waiting", "learner"]);
  // A stale report in between does not add up with another much later.
  expect(ask("nothing")).toBe("waiting");
  expect(proposed).toEqual([]);
});

test("a learner that has lost its disk is removed by its second report", () => {
  const { proposed, ask } = leaderOf(9);
  expect([ask("nothing"), ask("nothing")]).toEqual(["waiting", "waiting"]);
  expect(proposed).toMatchObject([{ changes: [{ kind: "remove", node: 3 }] }]);
});

test("reports to a leader of another term do not add up", () => {
  const { now, proposed, ask } = leaderOf(9);
  ask("nothing");
  now.term = 4;
  expect([ask("nothing"), proposed]).toEqual(["waiting", []]);
});
