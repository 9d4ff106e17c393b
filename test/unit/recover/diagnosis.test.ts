import { expect, test } from "vitest";
import { nodeId } from "../../../src/core/base/ids.ts";
import { onlyVoters } from "../../../src/core/base/only-voters.ts";
import { choose, diagnose, type Place } from "../../../src/core/recover/diagnosis.ts";
import { member } from "../fleet/replica.ts";
import { copyOf, inTerms, type LogPlan } from "./support.ts";

const place = (
  id: number,
  plan: LogPlan | "missing" | "running" | "half-recovered",
  name: string | null = `n${id}`,
): Place => {
  const at = { name, directory: `/n${id}` };
  if (typeof plan === "string") return { ...at, sight: { kind: plan, nodeId: nodeId(id), problem: "so" } };
  return { ...at, sight: { kind: "whole", copy: copyOf(id, plan) } };
};
const LONG = { steps: inTerms(1, 1, 1), commit: 2 };
const SHORT = { steps: inTerms(1, 1), commit: 2 };

test.each([
  { places: [place(1, LONG), place(2, SHORT), place(3, "missing")], verdict: "quorum", why: "two of three" },
  {
    places: [place(1, LONG), place(2, "missing"), place(3, "missing")],
    verdict: "no-quorum",
    why: "one of three",
  },
  {
    places: [place(1, LONG), place(2, "running")],
    verdict: "running",
    why: "logs that are written are not judged",
  },
  { places: [place(1, "missing")], verdict: "no-survivor", why: "no copy" },
  {
    places: [place(1, "half-recovered"), place(2, LONG), place(3, LONG)],
    verdict: "half-recovered",
    why: "to be finished, quorum or not",
  },
])("$verdict: $why", ({ places, verdict }) => {
  expect(diagnose(places).diagnosis.verdict).toBe(verdict);
});

test("each node is told of, those for which no folder was given too, named by the members' table", () => {
  const steps = [1, 2, 3].map((id) => ({ term: 1, operation: member(id) }));
  const { diagnosis } = diagnose([place(2, { steps, commit: 4 }, null)]);
  expect(diagnosis.nodes).toMatchObject([
    { name: "n1", state: "missing", directory: null, role: "voter", isFurthest: false },
    { name: "n2", state: "whole", directory: "/n2", lastIndex: 4, commitIndex: 4, isFurthest: true },
    { name: "n3", state: "missing", directory: null },
  ]);
  expect(diagnosis).toMatchObject({ furthest: "n2", quorumNeeded: 2, present: ["n2"], committedIndex: 4 });
});

const FIVE = onlyVoters([1, 2, 3, 4, 5].map(nodeId));
const founders = FIVE;

test.each([
  { node: null, mayBeBehind: false, is: { ok: true, copy: { nodeId: 1 } }, why: "the furthest by itself" },
  { node: "n1", mayBeBehind: false, is: { ok: true, copy: { nodeId: 1 } }, why: "the furthest by name" },
  {
    node: "n2",
    mayBeBehind: false,
    is: { ok: false, reason: "behind", givenUp: { fromIndex: 4 } },
    why: "a worse one has to be meant",
  },
  { node: "n2", mayBeBehind: true, is: { ok: true, copy: { nodeId: 2 } }, why: "and may be" },
  { node: "n3", mayBeBehind: true, is: { ok: false, reason: "not-a-survivor" }, why: "a node that is gone" },
])("choosing $node: $why", ({ node, mayBeBehind, is }) => {
  const diagnosed = diagnose([
    place(1, { founders, ...LONG }),
    place(2, { founders, ...SHORT }),
    place(3, "missing"),
  ]);
  expect(choose(diagnosed, { node, mayBeBehind })).toMatchObject(is);
});

test("a learner whose log ends before it became a member can't go on alone", () => {
  const steps = [1, 2, 3].map((id) => ({ term: 1, operation: member(id) }));
  const diagnosed = diagnose([place(4, { steps, commit: 4 })]);
  expect(choose(diagnosed, { node: null, mayBeBehind: false })).toEqual({
    ok: false,
    reason: "not-yet-a-member",
  });
});
