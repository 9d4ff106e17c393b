// Which state is right when replicas differ, as a table: answers to verdict.

import { expect, test } from "vitest";
import { type NodeId, nodeId } from "../../../../src/core/base/ids.ts";
import { type StateAnswer, stateVerdict } from "../../../../src/core/coordinator/divergence/state-verdict.ts";

const ids = (numbers: readonly number[]): ReadonlySet<NodeId> => new Set(numbers.map((id) => nodeId(id)));
const [a, b, c] = ["a".repeat(16), "b".repeat(16), "c".repeat(16)];
const fenced = null;

interface Row {
  readonly answers: Readonly<Record<number, StateAnswer>>;
  readonly voters?: readonly number[];
  readonly outgoing?: readonly number[];
  readonly isOver?: boolean;
  readonly verdict: string;
  readonly why: string;
}

test.each<Row>([
  { answers: { 1: a, 2: a, 3: a }, verdict: a, why: "all agree" },
  { answers: { 1: a, 2: a }, verdict: a, why: "two of three are a majority, the third may be down" },
  { answers: { 1: a, 2: b, 3: a }, verdict: a, why: "a follower is the odd one out" },
  { answers: { 1: a, 2: b, 3: b }, verdict: b, why: "the leader itself is the odd one out" },
  { answers: { 1: a }, verdict: "open", why: "an absent answer is no vote" },
  { answers: { 1: a }, isOver: true, verdict: "open", why: "a leader alone differs from nobody" },
  { answers: { 1: a, 2: b }, verdict: "open", why: "the third may decide" },
  { answers: { 1: a, 2: b }, isOver: true, verdict: "disputed", why: "the third does not answer" },
  { answers: { 1: a, 2: b, 3: c }, verdict: "disputed", why: "three differ, nobody else can decide" },
  { answers: { 1: a, 2: fenced, 3: a }, verdict: a, why: "a fenced one has no vote" },
  {
    answers: { 1: a, 2: fenced, 3: b },
    verdict: "disputed",
    why: "a fenced one counts for the quorum's size",
  },
  { answers: { 1: a, 2: fenced }, isOver: true, verdict: "open", why: "one digest alone is no disagreement" },
  { answers: { 1: a, 2: fenced, 3: fenced }, verdict: a, why: "an operator has fenced all others" },
  { answers: { 1: a, 2: a, 3: a, 9: b }, verdict: a, why: "a learner has no vote" },
  { answers: { 1: a, 8: b, 9: b }, isOver: true, verdict: "open", why: "learners make no dispute either" },
  { voters: [1, 2], answers: { 1: a, 2: b }, verdict: "disputed", why: "two voters have no odd one out" },
  { voters: [1], answers: { 1: a }, verdict: a, why: "a single voter is its own majority" },
  {
    ...{ voters: [1, 2, 3, 4, 5], answers: { 1: a, 2: a, 3: b, 4: b } },
    ...{ verdict: "open", why: "the fifth decides" },
  },
  {
    ...{ voters: [1, 2, 3, 4, 5], answers: { 1: a, 2: a, 3: b, 4: b, 5: c } },
    ...{ verdict: "disputed", why: "two and two and one" },
  },
  {
    ...{ voters: [1, 2, 4], outgoing: [1, 2, 3], answers: { 1: a, 4: a, 3: b } },
    ...{ verdict: "open", why: "a joint configuration needs both majorities" },
  },
  {
    ...{ voters: [1, 2, 4], outgoing: [1, 2, 3], answers: { 1: a, 2: a, 3: b } },
    ...{ verdict: a, why: "1 and 2 are a majority of both halves" },
  },
])("$verdict: $why", ({ answers, voters = [1, 2, 3], outgoing = [], isOver = false, verdict }) => {
  const given = new Map(Object.entries(answers).map(([id, answer]) => [nodeId(Number(id)), answer]));
  const found = stateVerdict({ incoming: ids(voters), outgoing: ids(outgoing) }, given, isOver);
  expect(found.kind === "majority" ? found.digest : found.kind).toBe(verdict);
});
