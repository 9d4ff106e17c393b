import { expect, test } from "vitest";
import { type NodeId, nodeId, term } from "../../../../src/core/base/ids.ts";
import { type ReignEnd, Reigns } from "../../../../src/core/coordinator/group/reigns.ts";

type Step =
  | readonly [atMs: number, leader: number, term: number, wasOwn?: boolean]
  | readonly [atMs: number, why: ReignEnd];

function seen(...steps: readonly Step[]) {
  const reigns = new Reigns();
  for (const step of steps) {
    if (typeof step[1] === "string") reigns.expect(step[1], step[0]);
    else {
      const [atMs, leader, at, wasOwn = false] = step as Exclude<Step, readonly [number, ReignEnd]>;
      reigns.saw(leader === 0 ? (0 as NodeId) : nodeId(leader), term(at), atMs, wasOwn);
    }
  }
  return reigns.all.map(({ leader, term: at, fromMs, end }) => [
    ...[leader, at, fromMs],
    end === null ? "leads" : `${end.why} at ${end.atMs}`,
  ]);
}

test.each<{ steps: Step[]; reigns: unknown[]; why: string }>([
  { steps: [[5, 0, 2]], reigns: [], why: "who knows no leader has seen no reign" },
  { steps: [[5, 1, 2]], reigns: [[1, 2, 5, "leads"]], why: "the last one is open" },
  {
    steps: [
      [5, 1, 2],
      [9, 0, 2],
      [11, 1, 2],
    ],
    reigns: [[1, 2, 5, "leads"]],
    why: "a leader that was only lost from sight leads on",
  },
  {
    steps: [
      [5, 1, 2],
      [9, 0, 2],
      [12, 2, 3],
    ],
    reigns: [
      [1, 2, 5, "silent at 9"],
      [2, 3, 12, "leads"],
    ],
    why: "without a heartbeat a follower gives up its leader within the term; the gap shows",
  },
  {
    steps: [
      [5, 1, 2],
      [9, 0, 2, true],
    ],
    reigns: [[1, 2, 5, "quorum-lost at 9"]],
    why: "a leader that resigns within its term has not heard a quorum",
  },
  {
    steps: [
      [5, 1, 2],
      [8, "disconnected"],
      [9, 0, 2],
    ],
    reigns: [[1, 2, 5, "disconnected at 9"]],
    why: "its connection closed",
  },
  {
    steps: [
      [5, 1, 2],
      [8, "handed-over"],
      [9, 0, 3, true],
      [10, 2, 3],
    ],
    reigns: [
      [1, 2, 5, "handed-over at 9"],
      [2, 3, 10, "leads"],
    ],
    why: "it handed over",
  },
  {
    steps: [
      [5, 1, 2],
      [8, "handed-over"],
      [30_000, 0, 2],
    ],
    reigns: [[1, 2, 5, "silent at 30000"]],
    why: "a transfer that came to nothing explains nothing later",
  },
  {
    steps: [
      [5, 1, 2],
      [9, 3, 4],
    ],
    reigns: [
      [1, 2, 5, "superseded at 9"],
      [3, 4, 9, "leads"],
    ],
    why: "a newer term began while the leader was known",
  },
])("$why", ({ steps, reigns }) => expect(seen(...steps)).toEqual(reigns));

test("it is bounded, and the oldest go first", () => {
  const steps = Array.from({ length: 200 }, (_, at): Step => [at, (at % 3) + 1, at + 1]);
  const reigns = seen(...steps);
  expect(reigns).toHaveLength(64);
  expect(reigns.at(-1)).toEqual([(199 % 3) + 1, 200, 199, "leads"]);
});
