import { expect, test } from "vitest";
import { ShardView } from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { shardLines } from "../../../../src/ui/model/shard-lines.ts";

const shard = ShardView.fromPartial({ shard: { shardId: "s1", address: "h:1" } });
const nothing = { shard, clusters: [], leaving: [], domains: [], quotas: [], instructions: [] };

const textOf = (holdings: Parameters<typeof shardLines>[0]) =>
  shardLines(holdings)
    .slice(1)
    .map(({ text }) => text);

test("a shard that has nothing, and was told nothing that it has not accepted", () => {
  expect(textOf(nothing)).toEqual(["it has nothing"]);
});

test("what it was told and has not accepted remains too", () => {
  const instructions = ["unassign rack=z"];
  expect(textOf({ ...nothing, instructions })).toEqual(["1 pending instruction: unassign rack=z"]);
});
