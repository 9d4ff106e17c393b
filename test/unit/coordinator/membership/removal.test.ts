import { expect, test } from "vitest";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { removalProblem } from "../../../../src/core/coordinator/membership/removal.ts";

const nameOf = (id: number) => `n${id}`;

test.each([
  { voters: [1, 2, 3], answering: [1, 2, 3], node: 3, problem: null, why: "two of two are left" },
  { voters: [1, 2, 3], answering: [1, 2], node: 3, problem: null, why: "the one that is down goes" },
  {
    voters: [1, 2, 3],
    answering: [1, 2],
    node: 2,
    problem:
      "without n2 the voters are n1, n3; their quorum is 2 of 2, and only 1 of them answers: n3 does not",
    why: "one that is up goes, one that is down stays",
  },
  { voters: [1, 2], answering: [1, 2], node: 1, problem: null, why: "n2 goes on alone" },
  { voters: [1], answering: [1], node: 1, problem: "n1 is the only voter", why: "nobody would be left" },
  {
    voters: [1, 2, 3, 4, 5],
    answering: [1, 2, 3],
    node: 3,
    problem:
      "without n3 the voters are n1, n2, n4, n5; their quorum is 3 of 4, and only 2 of them answer: n4, n5 do not",
    why: "four need three",
  },
  { voters: [1, 2, 3, 4, 5], answering: [1, 2, 3], node: 4, problem: null, why: "three of four answer" },
  { voters: [1], answering: [1], node: 2, problem: null, why: "a learner counts in no quorum" },
])("$voters without $node, $answering answering: $why", ({ voters, answering, node, problem }) => {
  const view = { voters: voters.map(nodeId), answering: new Set(answering.map(nodeId)), nameOf };
  expect(removalProblem(view, nodeId(node))).toBe(problem);
});
