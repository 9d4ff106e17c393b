import { describe, expect, test } from "vitest";
import { pathText, readValue } from "../../../src/core/base/read-value.ts";
import { plan as planIn } from "../../../src/core/rebind/parse-plan.ts";
import {
  createPlan,
  inversePlan,
  type Move,
  onlyInVersion1,
  wavesOf,
} from "../../../src/core/rebind/plan.ts";

const MOVE = { cluster: "c1", from: "s1", to: "s2", migrationId: "m1" };
const PLAN = { version: 1, name: "p", executor: { kind: "local" }, moves: [MOVE] };
const withMove = (change: object) => ({ ...PLAN, moves: [{ ...MOVE, ...change }] });
const withExecutor = (executor: unknown) => ({ ...PLAN, executor });

const threeMoves = createPlan("evacuate-s1", { kind: "local" }, [
  { cluster: "c1", from: "s1", to: "s2" },
  { cluster: "c2", from: "s1", to: "s3" },
  { cluster: "c3", from: "s1", to: "s2" },
]);

describe("parse", () => {
  test.each([
    { document: PLAN, why: "the least" },
    { document: { ...PLAN, createdAt: "2026-01-01T00:00:00Z" }, why: "with its time" },
    { document: withExecutor({ kind: "command", command: "helm upgrade {cluster}" }), why: "with a command" },
    { document: withMove({ supersedes: "m0" }), why: "superseding another migration" },
    { document: withMove({ agentOnly: true }), why: "of which only the agent moves" },
    { document: createPlan("p".repeat(200), { kind: "local" }, [MOVE]), why: "with the longest name" },
    { document: inversePlan(createPlan("p".repeat(200), { kind: "local" }, [MOVE])), why: "and undone" },
    { document: inversePlan(inversePlan(threeMoves)), why: "undone and redone" },
  ])("a plan $why is read as it stands", ({ document }) => {
    expect(readValue(document, planIn)).toEqual({ ok: true, value: document });
  });

  test.each([
    { document: null, paths: [""], why: "an empty file" },
    { document: [], paths: [""], why: "a list" },
    { document: {}, paths: ["version", "name", "executor", "moves"], why: "all problems at once" },
    { document: { ...PLAN, version: 3 }, paths: ["version"], why: "a later version" },
    { document: { ...PLAN, version: "1" }, paths: ["version"], why: "a text is no number" },
    { document: { ...PLAN, name: "P 1" }, paths: ["name"], why: "no name" },
    { document: { ...PLAN, createdAt: 5 }, paths: ["createdAt"], why: "no text" },
    { document: { ...PLAN, move: [] }, paths: ["move"], why: "a typo would have no effect" },
    { document: withExecutor("local"), paths: ["executor"], why: "no mapping" },
    { document: withExecutor({ kind: "helm" }), paths: ["executor.kind"], why: "no such executor" },
    { document: withExecutor({ kind: "command" }), paths: ["executor.command"], why: "nothing to run" },
    {
      document: withExecutor({ kind: "local", command: "x" }),
      paths: ["executor.command"],
      why: "never run",
    },
    {
      document: withExecutor({ kind: "command", command: "{x}" }),
      paths: ["executor.command"],
      why: "bad template",
    },
    { document: { ...PLAN, moves: [] }, paths: ["moves"], why: "nothing to do" },
    { document: { ...PLAN, moves: {} }, paths: ["moves"], why: "no list" },
    { document: { ...PLAN, moves: [MOVE, "c2"] }, paths: ["moves[1]"], why: "no mapping" },
    { document: withMove({ cluster: 7 }), paths: ["moves[0].cluster"], why: "no text" },
    { document: withMove({ to: "s1" }), paths: ["moves[0].to"], why: "moves nowhere" },
    { document: withMove({ too: "s3" }), paths: ["moves[0].too"], why: "a typo" },
    { document: withMove({ supersedes: "m1" }), paths: ["moves[0].supersedes"], why: "replaces itself" },
    {
      document: withMove({ agentOnly: false }),
      paths: ["moves[0].agentOnly"],
      why: "a flag is set or absent",
    },
    {
      document: { ...PLAN, moves: [MOVE, { ...MOVE, cluster: "c2" }] },
      paths: ["moves[1].migrationId"],
      why: "an id names one move",
    },
    {
      document: { ...PLAN, moves: [MOVE, { ...MOVE, migrationId: "m2" }] },
      paths: ["moves[1].cluster"],
      why: "a cluster moves once a plan",
    },
  ])("$paths: $why", ({ document, paths }) => {
    const parsed = readValue(document, planIn);
    expect(
      parsed.ok ? [] : parsed.problems.map(({ path }) => pathText(path).replace("the file", "")),
    ).toEqual(paths);
  });
});

test("a created plan numbers its migrations", () => {
  expect(threeMoves.moves.map(({ migrationId }) => migrationId)).toEqual([
    "evacuate-s1-1",
    "evacuate-s1-2",
    "evacuate-s1-3",
  ]);
  expect(createPlan("p", { kind: "local" }, [], "2026-01-01T00:00:00Z").createdAt).toBe(
    "2026-01-01T00:00:00Z",
  );
});

describe("inverse", () => {
  test("each move is turned round, last first, and supersedes the one it undoes", () => {
    const inverse = inversePlan(threeMoves);
    expect(inverse.name).toBe("evacuate-s1-undo");
    expect(inverse.moves.at(0)).toEqual({
      cluster: "c3",
      from: "s2",
      to: "s1",
      migrationId: "evacuate-s1-3-undo",
      supersedes: "evacuate-s1-3",
    });
    expect(inverse.moves.map(({ cluster }) => cluster)).toEqual(["c3", "c2", "c1"]);
  });

  test("an undo can be undone, each time under a new id", () => {
    const ids: (string | undefined)[] = [];
    for (let plan = threeMoves, times = 0; times < 4; times++, plan = inversePlan(plan)) {
      ids.push(plan.moves.find(({ cluster }) => cluster === "c1")?.migrationId);
    }
    expect(ids).toEqual([
      "evacuate-s1-1",
      "evacuate-s1-1-undo",
      "evacuate-s1-1-undo2",
      "evacuate-s1-1-undo3",
    ]);
    const twice = inversePlan(inversePlan(threeMoves));
    const route = ({ cluster, from, to }: Move) => ({ cluster, from, to });
    expect(twice.moves.map(route)).toEqual(threeMoves.moves.map(route));
  });
});

test.each([
  { maxParallel: 1, waves: [1, 1, 1], why: "one after another" },
  { maxParallel: 2, waves: [2, 1], why: "the last wave is the rest" },
  { maxParallel: 9, waves: [3], why: "all at once" },
  { maxParallel: 0, waves: [1, 1, 1], why: "something must move" },
])("at most $maxParallel at once: $why", ({ maxParallel, waves }) => {
  const planned = wavesOf(threeMoves, maxParallel);
  expect(planned.map(({ length }) => length)).toEqual(waves);
  expect(planned.flat()).toEqual(threeMoves.moves);
});

test("an agent that comes back and a migration that continues need a plan of version 1", () => {
  expect(onlyInVersion1(threeMoves)).toEqual([]);
  const [first, second, ...rest] = threeMoves.moves as [Move, Move, Move];
  const mended = {
    ...threeMoves,
    moves: [{ ...first, agentOnly: true }, { ...second, migrationId: "m0" }, ...rest],
  };
  expect(onlyInVersion1(mended as typeof threeMoves)).toEqual(["c1", "c2"]);
});
