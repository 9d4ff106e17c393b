// Pages of what shards run short of, across reports that come between them.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { ServiceContext } from "../../../../../src/core/coordinator/calls/context.ts";
import { shortfallsList } from "../../../../../src/core/coordinator/services/lists/shortfall-list.ts";
import { ListRequest, ReportShardRequest } from "../../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import type { TestGroup } from "../../group.ts";
import { adminOf, ledGroup } from "../../service-context.ts";

let group: TestGroup;
let context: ServiceContext;
beforeEach(async () => {
  ({ group, context } = await ledGroup(1));
});
afterEach(() => group.close());

/** Each demand as cluster, priority and age. */
function report(
  shardId: string,
  cycle: number,
  ...demand: readonly (readonly [string, number, number])[]
): void {
  const shortfalls = demand.map(([clusterId, priority, ageCycles]) => ({ clusterId, priority, ageCycles }));
  context.observed.take(ReportShardRequest.fromPartial({ shardId, epoch: 1, cycle, shortfalls }), 0);
}

async function page(parts: Parameters<typeof ListRequest.fromPartial>[0]) {
  const listed = await group.until(shortfallsList(context, ListRequest.fromPartial(parts), adminOf(group)));
  const clusters = listed.shortfalls.map(({ shortfall }) => shortfall?.clusterId);
  return { clusters, nextPageToken: listed.nextPageToken };
}

test("a page has at most as many rows as were asked for, the gravest first, and the next goes on", async () => {
  report("s2", 1, ["c1", 5, 1], ["c2", 9, 1]);
  report("s1", 1, ["c3", 5, 1], ["c4", 5, 30], ["c4", 5, 30]);
  const first = await page({ pageSize: 2 });
  expect(first.clusters).toEqual(["c2", "c4"]);
  const second = await page({ pageSize: 2, pageToken: first.nextPageToken });
  expect(second.clusters, "twice in one report is two rows").toEqual(["c4", "c3"]);
  const third = await page({ pageSize: 2, pageToken: second.nextPageToken });
  expect(third).toEqual({ clusters: ["c1"], nextPageToken: "" });
});

test("reports between two pages neither repeat a row nor hide one that stayed as it was", async () => {
  report("s1", 1, ["c1", 9, 1], ["c2", 5, 4]);
  report("s2", 1, ["c3", 5, 3], ["c4", 1, 1]);
  const { nextPageToken } = await page({ pageSize: 2 });
  report("s1", 2, ["c1", 9, 2], ["c2", 5, 5], ["c5", 5, 1]);
  report("s3", 1, ["c6", 9, 9]);
  expect((await page({ pageToken: nextPageToken })).clusters).toEqual(["c3", "c5", "c4"]);
});

test("a filter by cluster counts before the page is full", async () => {
  report("s1", 1, ["us-1", 9, 1], ["eu-1", 5, 1], ["us-2", 4, 1], ["eu-2", 3, 1]);
  report("s2", 1, ["eu-3", 2, 1]);
  const first = await page({ pageSize: 2, filter: { prefix: "eu-" } });
  expect(first.clusters).toEqual(["eu-1", "eu-2"]);
  expect((await page({ pageToken: first.nextPageToken, filter: { prefix: "eu-" } })).clusters).toEqual([
    "eu-3",
  ]);
  expect((await page({ filter: { prefix: "eu-", shardId: "s2" } })).clusters).toEqual(["eu-3"]);
});
