// Clusters in the order of their names: those that are declared, and those that were only ever seen at a shard.

import type { Binding } from "../../wire/gen/fleet/v1/command.ts";
import type { ClusterView, ListClustersResponse, ListRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { ServiceContext } from "./context.ts";
import { filterOf } from "./filter.ts";
import type { Caller } from "./handler.ts";
import { isText, type Listed, pageOf } from "./page.ts";
import { readableWithReports } from "./reads.ts";
import { isObservedComplete, sightOf } from "./sight.ts";
import { clusterView } from "./views.ts";

export async function clustersList(
  context: ServiceContext,
  request: ListRequest,
  caller: Caller,
): Promise<ListClustersResponse> {
  const { shardId, prefix, drift } = filterOf(request, ["shardId", "prefix", "drift"]);
  const stamp = await readableWithReports(context, request, caller);
  const sight = sightOf(context);
  const isAt = (view: ClusterView) =>
    view.declared?.shardId === shardId ||
    view.declared?.migration?.fromShard === shardId ||
    view.observed.some((row) => row.shardId === shardId);
  const listed: Listed<string, ClusterView> = {
    ...{ list: "clusters", isKey: isText },
    // Names with the prefix stand together: the others need not be looked at.
    from: (from) => views(context, from !== undefined && from > prefix ? from : prefix),
    keyOf: (view) => view.clusterId,
    matches: (view) => (shardId === "" || isAt(view)) && (drift.length === 0 || drift.includes(view.drift)),
  };
  const { rows, nextPageToken } = pageOf(request, listed);
  return { stamp, clusters: rows, nextPageToken, observedComplete: isObservedComplete(context) };

  function* views({ machine }: ServiceContext, from: string): Iterable<ClusterView> {
    const { bindings } = machine.view.tables;
    const strangers = undeclared(context, from, prefix);
    for (const [id, row] of merged(bindings.rows(from), strangers)) {
      if (!id.startsWith(prefix)) return;
      yield clusterView(id, row, sight);
    }
  }
}

/** Clusters that nobody has declared: few, unless shards report for the first time. */
function undeclared({ machine, observed }: ServiceContext, from: string, prefix: string): readonly string[] {
  const { bindings } = machine.view.tables;
  const isListed = (id: string) => id.startsWith(prefix) && id >= from && bindings.get(id) === undefined;
  return [...observed.clusters()].filter(isListed).sort();
}

function* merged(
  declared: Iterable<Readonly<Binding>>,
  strangers: readonly string[],
): Iterable<readonly [id: string, row: Readonly<Binding> | undefined]> {
  let at = 0;
  for (const row of declared) {
    for (let id = strangers[at]; id !== undefined && id < row.clusterId; id = strangers[at]) {
      yield [id, undefined];
      at += 1;
    }
    yield [row.clusterId, row];
  }
  for (const id of strangers.slice(at)) yield [id, undefined];
}
