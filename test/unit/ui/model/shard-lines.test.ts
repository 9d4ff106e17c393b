import { expect, test } from "vitest";
import { ShardLiveness } from "../../../../src/core/wire/gen/fleet/v1/views.ts";
import { shardLines } from "../../../../src/ui/model/shard-lines.ts";
import { shardView } from "./fixtures.ts";

const nothing = { clusters: [], leaving: [], undeclared: [], domains: [], quotas: [], instructions: [] };
const linesOf = (holdings: Partial<Parameters<typeof shardLines>[0]>) =>
  shardLines({ shard: shardView("s1"), ...nothing, ...holdings }).slice(1);

test("a shard without anything is said to have nothing, once that is known", () => {
  expect(linesOf({})).toEqual([{ text: "it has nothing", mark: "good" }]);
  const unheard = shardView("s1", { liveness: ShardLiveness.UNKNOWN, observed: undefined });
  const [head] = shardLines({ shard: unheard, ...nothing });
  expect(head?.text).toContain(", active, unknown (rebuilding), ");
  expect(linesOf({ shard: unheard })).toEqual([
    { text: "nothing is declared to it; what it serves is unknown (rebuilding)", mark: "unknown" },
  ]);
});

test.each([
  [ShardLiveness.SUSPECT, "suspect"],
  [ShardLiveness.DEAD, "dead"],
])("a silent shard without anything declared may serve something all the same", (liveness, word) => {
  expect(linesOf({ shard: shardView("s1", { liveness }) })).toEqual([
    { text: `nothing is declared to it; what it serves is unknown (${word})`, mark: "unknown" },
  ]);
});

test.each([
  { differs: { newerTerm: 1_000_005 }, says: "obeys a leader of term 1000005", why: "of an older server" },
  {
    differs: { other: { id: "b", epoch: 7, term: 3 } },
    says: "obeys incarnation b (epoch 7), term 3",
    why: "of another incarnation",
  },
])("that it follows nothing is said, with whom it obeys and what settles it: $why", ({ differs, says }) => {
  const { observed, ...rest } = shardView("s1");
  const shard = { ...rest, observed: observed && { ...observed, ...differs } };
  expect(linesOf({ shard })).toEqual([
    { text: expect.stringContaining(says), mark: "bad" },
    { text: expect.stringContaining("fleet shard adopt s1"), mark: "unknown" },
    { text: "it has nothing", mark: "good" },
  ]);
});

test("of a shard that is being told already, that is said", () => {
  const { observed, shard, ...rest } = shardView("s1");
  const other = { id: "b", epoch: 7, term: 3 };
  const told = {
    ...rest,
    shard: shard && { ...shard, givingUp: other },
    observed: observed && { ...observed, other },
  };
  expect(linesOf({ shard: told })[1]?.text).toBe("the answer to its next report tells it to obey this fleet");
});

test("clusters that it serves without their being declared to it are named, with how to get rid of them", () => {
  expect(linesOf({ undeclared: ["c98", "c99"] })).toEqual([
    { text: "2 clusters not declared to it: c98 c99", mark: "warn" },
    { text: expect.stringContaining("give them another shard's address"), mark: "unknown" },
  ]);
});

test("what it was told and has not accepted remains too", () => {
  expect(linesOf({ instructions: ["unassign rack=z"] })).toMatchObject([
    { text: "1 pending instruction: unassign rack=z" },
  ]);
});
