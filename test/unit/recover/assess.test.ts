import { expect, test } from "vitest";
import { nodeId } from "../../../src/core/base/ids.ts";
import { assess, consequences } from "../../../src/core/recover/assess.ts";
import { copyOf, ids, inTerms, voting } from "./support.ts";

const range = (fromIndex: number, throughIndex: number | null) => ({ fromIndex, throughIndex });

test.each([
  { one: [1, 1, 1], other: [1, 1], furthest: 1, why: "the longer log in the same term" },
  {
    one: [1, 1, 1, 1, 1],
    other: [1, 2],
    furthest: 2,
    why: "a later last term before a longer log (Raft §5.4.1)",
  },
  { one: [1, 2], other: [1, 2], furthest: 1, why: "of equals the lower number" },
])("node $furthest is furthest: $why", ({ one, other, furthest }) => {
  const copies = [
    copyOf(2, { steps: inTerms(...other), commit: 2 }),
    copyOf(1, { steps: inTerms(...one), commit: 2 }),
  ];
  expect(assess(copies)?.ranked[0]?.nodeId).toBe(furthest);
});

test("of equals a voter comes before a learner", () => {
  const founders = { ...voting(2, 3, 4), learners: ids(1) };
  const copies = [1, 2].map((id) => copyOf(id, { founders, steps: inTerms(1), commit: 2 }));
  expect(assess(copies)?.ranked.map((copy) => copy.nodeId)).toEqual([2, 1]);
});

const JOINT = { ...voting(1, 2, 3), votersOutgoing: ids(3, 4, 5), autoLeave: true };

test.each([
  { founders: voting(1, 2, 3), have: [1], isThere: false, mayMiss: true, why: "one of three" },
  { founders: voting(1, 2, 3), have: [1, 2], isThere: true, mayMiss: false, why: "two of three" },
  { founders: voting(1), have: [1], isThere: true, mayMiss: false, why: "the only one" },
  {
    founders: voting(1, 2, 3, 4),
    have: [1, 2],
    isThere: false,
    mayMiss: false,
    why: "half: neither side could commit",
  },
  { founders: voting(1, 2, 3, 4, 5), have: [1, 2], isThere: false, mayMiss: true, why: "two of five" },
  { founders: JOINT, have: [1, 2], isThere: false, mayMiss: false, why: "one half of a joint change" },
  { founders: JOINT, have: [1, 3, 4], isThere: true, mayMiss: false, why: "both its majorities" },
  { founders: JOINT, have: [1], isThere: false, mayMiss: true, why: "a minority of both" },
])("$why: a quorum $isThere, committed entries missing $mayMiss", ({ founders, have, isThere, mayMiss }) => {
  const found = assess(have.map((id) => copyOf(id, { founders, steps: inTerms(1, 1), commit: 2 })));
  expect(found?.quorum.isThere).toBe(isThere);
  expect(found?.mayMissCommitted).toBe(mayMiss);
});

test("who lost its disk and was not taken in again counts for no quorum; who runs does", () => {
  const plan = { steps: inTerms(1), commit: 2 };
  const found = assess([copyOf(1, plan), copyOf(2, plan, true)]);
  expect(found?.quorum).toMatchObject({ isThere: false, present: [1], needed: 2 });
  expect(found?.mayMissCommitted).toBe(true);
  expect(assess([copyOf(1, plan)], [nodeId(3)])?.quorum).toMatchObject({ isThere: true, present: [1, 3] });
});

test("the configuration is that of the highest index known to be committed, by whomever", () => {
  const add = { term: 1, change: [{ kind: "add-voter" as const, node: nodeId(4) }] };
  const steps = [...inTerms(1), add, ...inTerms(1)];
  const alone = assess([copyOf(1, { steps, commit: 2 })]);
  expect(alone?.configuration.voters).toEqual([1, 2, 3]);
  const told = assess([copyOf(1, { steps, commit: 2 }), copyOf(2, { steps: steps.slice(0, 2), commit: 3 })]);
  expect(told).toMatchObject({ commit: 3, configuration: { voters: [1, 2, 3, 4] } });
  // Appended by a leader that may have continued under it: three of the four could have committed without node 1.
  expect(alone?.mayMissCommitted).toBe(true);
});

test("going on from the furthest: the appended becomes committed, what none holds may be lost", () => {
  const furthest = copyOf(1, { steps: inTerms(1, 1, 1, 1), commit: 3 });
  const found = assess([furthest]);
  expect(found && consequences(found, furthest)).toEqual({
    becomesCommitted: range(4, 5),
    givenUp: null,
    mayBeLost: range(6, null),
  });
});

test("what another survivor knows to be committed does not become so now", () => {
  const founders = voting(1, 2, 3, 4, 5);
  const furthest = copyOf(1, { founders, steps: inTerms(1, 1, 1, 1), commit: 3 });
  const found = assess([furthest, copyOf(2, { founders, steps: inTerms(1, 1, 1), commit: 4 })]);
  expect(found && consequences(found, furthest)).toMatchObject({ becomesCommitted: range(5, 5) });
});

test("when those who are gone were no quorum nothing committed can be missing", () => {
  const founders = voting(1, 2, 3, 4);
  const copies = [1, 2].map((id) => copyOf(id, { founders, steps: inTerms(1, 1), commit: 3 }));
  const found = assess(copies);
  expect(found && consequences(found, present(copies[0]))).toEqual({
    becomesCommitted: null,
    givenUp: null,
    mayBeLost: null,
  });
});

test("going on from one that is behind gives up what only the furthest holds, from where they part", () => {
  const founders = voting(1, 2, 3, 4, 5);
  const furthest = copyOf(1, { founders, steps: inTerms(1, 1, 3, 3), commit: 3 });
  const longer = copyOf(2, { founders, steps: inTerms(1, 1, 2, 2, 2), commit: 2 });
  const shorter = copyOf(3, { founders, steps: inTerms(1), commit: 2 });
  const found = assess([longer, furthest, shorter]);
  expect(found && consequences(found, longer)).toEqual({
    becomesCommitted: range(4, 6),
    givenUp: range(4, 5),
    mayBeLost: null,
  });
  expect(found && consequences(found, shorter)).toMatchObject({
    becomesCommitted: null,
    givenUp: range(3, 5),
  });
});

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("it is there");
  return value;
}
