// Clusters in the order of their names: declared ones, and those that were only seen at a shard.

import { leavingGroup } from "../../../fleet/tables/schema.ts";
import type { Binding } from "../../../wire/gen/fleet/v1/command.ts";
import type {
  ClusterView,
  ListClustersResponse,
  ListRequest,
} from "../../../wire/gen/fleet/v1/coordinator.ts";
import type { Caller } from "../../calls/caller.ts";
import type { ServiceContext } from "../../calls/context.ts";
import { filterOf, selectorOf } from "../../calls/filter.ts";
import { isText, type Listed, pageOf } from "../../calls/page.ts";
import { readableWithReports } from "../../calls/reads.ts";
import { isObservedComplete, sightOf } from "../sight.ts";
import { clusterView } from "../views.ts";

export async function clustersList(
  context: ServiceContext,
  request: ListRequest,
  caller: Caller,
): Promise<ListClustersResponse> {
  const { shardId, prefix, drift, labelSelector } = filterOf(request, [
    "shardId",
    "prefix",
    "drift",
    "labelSelector",
  ]);
  const hasLabels = selectorOf(labelSelector);
  const stamp = await readableWithReports(context, request, caller);
  const sight = sightOf(context);
  const isAt = (view: ClusterView) =>
    view.declared?.shardId === shardId ||
    view.declared?.migration?.fromShard === shardId ||
    view.observed.some((row) => row.shardId === shardId);
  const listed: Listed<string, ClusterView> = {
    ...{ list: "clusters", isKey: isText },
    // Names with the prefix are adjacent: the others need not be read.
    from: (from) => views(context, from !== undefined && from > prefix ? from : prefix),
    keyOf: (view) => view.clusterId,
    matches: (view) =>
      (shardId === "" || isAt(view)) &&
      (drift.length === 0 || drift.includes(view.drift)) &&
      hasLabels(view.declared?.labels?.entries),
  };
  const { rows, nextPageToken } = pageOf(request, listed);
  return { stamp, clusters: rows, nextPageToken, observedComplete: isObservedComplete(context) };

  function* views({ machine, observed }: ServiceContext, from: string): Iterable<ClusterView> {
    const { bindings } = machine.view.tables;
    const rows =
      shardId === "" ? merged(bindings.rows(from), observed.clusters(from)) : rowsAt(context, shardId, from);
    for (const [id, row] of rows) {
      if (!id.startsWith(prefix)) return;
      yield clusterView(id, row, sight);
    }
  }
}

type NamedRow = readonly [id: string, row: Readonly<Binding> | undefined];

/** Both ordered by name, so that the cost of a page is its own length. */
function* merged(declared: Iterable<Readonly<Binding>>, seen: Iterable<string>): Iterable<NamedRow> {
  const names = seen[Symbol.iterator]();
  let next = names.next();
  for (const row of declared) {
    for (; next.done !== true && next.value < row.clusterId; next = names.next())
      yield [next.value, undefined];
    if (next.done !== true && next.value === row.clusterId) next = names.next();
    yield [row.clusterId, row];
  }
  for (; next.done !== true; next = names.next()) yield [next.value, undefined];
}

/** Clusters that are declared to the shard, move away from it, or were seen there. */
function rowsAt({ machine, observed }: ServiceContext, shardId: string, from: string): readonly NamedRow[] {
  const { bindings } = machine.view.tables;
  const declared = [...bindings.rowsOf(shardId, from), ...bindings.rowsOf(leavingGroup(shardId), from)];
  const seen = observed.report(shardId)?.bindings.keys() ?? [];
  const names = new Set([...declared.map(({ clusterId }) => clusterId), ...seen]);
  return [...names]
    .filter((name) => name >= from)
    .sort()
    .map((name) => [name, bindings.get(name)]);
}
