// The lines of `fleet cluster list` about all bindings, and which of them have drifted.
import type { Listed } from "../../client/all-pages.ts";
import type { ListClustersResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { moreLine } from "./limit.ts";
import type { Line } from "./line.ts";
import { isWithoutReports } from "./stamp-line.ts";
import { byDriftThenName, driftSummary } from "./tables/cluster-table.ts";
import { hasDrift, REBUILDING } from "./words.ts";

/** The same reply with only the drifting clusters, the worst first. */
export function onlyDrifting(reply: Listed<ListClustersResponse>): Listed<ListClustersResponse> {
  const drifting = reply.clusters.filter((view) => hasDrift(view.drift));
  return { ...reply, clusters: drifting.toSorted(byDriftThenName) };
}

export function clusterLines(reply: Listed<ListClustersResponse>): Line[] {
  const lines: Line[] = [];
  const summary = driftSummary(reply.clusters);
  if (summary !== "") lines.push({ text: `drift: ${summary}`, mark: "warn" });
  if (!reply.observedComplete) {
    const text = isWithoutReports(reply)
      ? "observed bindings are unknown: shards report to the leader only"
      : `some observed bindings are ${REBUILDING}: the leader has not heard every shard yet`;
    lines.push({ text, mark: "unknown" });
  }
  if (reply.more) lines.push(moreLine());
  return lines;
}
