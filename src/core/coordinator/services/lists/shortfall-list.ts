// Demand that shards can't meet, the gravest first: by priority, then by age. What must stay true: the end of
// a page is a place in that order, not a count. So a report between two pages neither repeats an unchanged
// row nor skips one. A row that has aged beyond the place meanwhile is missing: it belongs to earlier pages.

import { elapsedMs } from "../../../base/clock.ts";
import type {
  ListRequest,
  ListShortfallsResponse,
  ShardShortfall,
} from "../../../wire/gen/fleet/v1/coordinator.ts";
import type { Caller } from "../../calls/caller.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { filterOf, wants } from "../../calls/filter.ts";
import { isText, pageOf } from "../../calls/page.ts";
import { readableWithReports } from "../../calls/reads.ts";
import { isObservedComplete } from "../sight.ts";

const UINT32_MAX = 2 ** 32 - 1;
const UINT32_DIGITS = 10;

interface Keyed {
  readonly key: string;
  readonly row: ShardShortfall;
}

export async function shortfallsList(
  context: ServiceContext,
  request: ListRequest,
  caller: Caller,
): Promise<ListShortfallsResponse> {
  const filter = filterOf(request, ["shardId", "prefix"]);
  const stamp = await readableWithReports(context, request, caller);
  const { rows, nextPageToken } = pageOf(request, {
    ...{ list: "shortfalls", isKey: isText },
    from: (from) =>
      keyedRows(context, filter.shardId)
        .filter(({ key }) => from === undefined || key >= from)
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    keyOf: ({ key }) => key,
    matches: ({ row }) => (row.shortfall?.clusterId ?? "").startsWith(filter.prefix),
  });
  const shortfalls = rows.map(({ row }) => row);
  return { stamp, shortfalls, nextPageToken, observedComplete: isObservedComplete(context) };
}

function keyedRows({ observed, clock }: ServiceContext, shard: string): Keyed[] {
  const nowMs = clock.monotonicMs();
  return [...observed.reports()]
    .filter(({ shardId }) => wants(shard, shardId))
    .flatMap(({ shardId, receivedMs, shortfalls }) =>
      shortfalls.unpack().map((shortfall, at) => {
        const { priority, ageCycles, clusterId } = shortfall;
        const key = [descending(priority), descending(ageCycles), shardId, clusterId, ascending(at)].join(
          "\0",
        );
        return { key, row: { shardId, shortfall, reportAgeMs: elapsedMs(receivedMs, nowMs) } };
      }),
    );
}

const ascending = (value: number): string => String(value).padStart(UINT32_DIGITS, "0");
const descending = (value: number): string => ascending(UINT32_MAX - value);
